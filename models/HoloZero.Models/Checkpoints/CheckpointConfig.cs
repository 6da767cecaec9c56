using System.Globalization;
using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// Reads <c>dim</c>, <c>dec_layers</c>, <c>heads</c>, <c>K</c> and <c>door</c>, which stand in a checkpoint, the substrate where it is not
/// HSL, and the reading, which those say that were written here.
/// </summary>
/// <param name="path">The file, for messages.</param>
/// <param name="where">Where in the file, for messages.</param>
/// <param name="find">Finds a value by its key: an integer, a text, a numpy integer; null where there is none.</param>
/// <param name="remedy">What to do about a value that is missing or wrong; null where they stand in a checkpoint.</param>
internal sealed class CheckpointConfig(string path, string where, Func<string, object?> find, string? remedy = null)
{
    /// <summary>The keys of the reading.</summary>
    public static readonly string[] ReadingKeys = ["prefix_attention", "stream_positions", "stream_origin"];

    /// <summary>The keys of the substrate; without them it is HSL.</summary>
    public static readonly string[] SubstrateKeys = ["substrate", "substrate_seed"];

    private const string Remedy = "save it with cfg = {'dim': .., 'dec_layers': .., 'heads': .., 'K': .., 'door': 'zero'} beside the model";

    /// <summary>The configuration, and what of its reading is said rather than our default.</summary>
    public (AsymDecConfig Config, PartialReading Saved) Read()
    {
        var door = new DoorConfig(DoorOf(find("door")), Choice<SubstrateKind>(SubstrateKeys[0]) ?? SubstrateKind.Hsl, SubstrateSeed());
        var saved = new PartialReading(Choice<PrefixAttention>(ReadingKeys[0]), Choice<StreamPositions>(ReadingKeys[1]),
            Choice<StreamOrigin>(ReadingKeys[2]));
        return (new(Integer("dim"), Integer("dec_layers"), Integer("heads"), Integer("K"), source: path, remedy: remedy, door: door)
        {
            Reading = saved.Resolve(saved, path),
        }, saved);
    }

    /// <summary>A JSON value as <c>find</c> is to return it.</summary>
    public static object? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt64(out var whole) => whole,
        JsonValueKind.Number when value.TryGetDouble(out var number) => number,
        _ => false,
    };

    private DoorKind DoorOf(object? value) => value is not string door ? throw Bad("door", "a text")
        : DoorConfig.Parse<DoorKind>(door) ?? throw new BadInputException(path,
            $"its door is {Untrusted.Quote(door)}, known are {string.Join(", ", Enum.GetValues<DoorKind>().Select(DoorConfig.Name))}",
            remedy ?? "use a checkpoint that was trained with one of them");

    private uint SubstrateSeed()
    {
        if (find(SubstrateKeys[1]) is null) return 0;
        var seed = Integer(SubstrateKeys[1]);
        return seed >= 0 ? (uint)seed : throw Bad(SubstrateKeys[1], "an integer of 0 or more");
    }

    private int Integer(string key)
    {
        long? value = find(key) switch
        {
            long number => number,
            double number when IsWhole(number) => (long)number,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && IsWhole(number) =>
                (long)number,
            PickleRecord record when record.TryGetInteger(out var number) => number,
            _ => null,
        };
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Bad(key, "an integer");
    }

    private T? Choice<T>(string key) where T : struct, Enum
    {
        if (find(key) is not { } value) return null;
        foreach (var choice in Enum.GetValues<T>())
            if (value is string text && text == choice.ToString().ToLowerInvariant()) return choice;
        throw Bad(key, string.Join(" or ", Enum.GetNames<T>()).ToLowerInvariant());
    }

    /// <summary>Whether it is a whole number written as a float: 64.0.</summary>
    private static bool IsWhole(double number) => Math.Abs(number) <= int.MaxValue && number == Math.Floor(number);

    private BadInputException Bad(string key, string kind) =>
        new(path, find(key) is null ? $"its {where} has no {key}" : $"{key} in its {where} is not {kind}", remedy ?? Remedy);
}
