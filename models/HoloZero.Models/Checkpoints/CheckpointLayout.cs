using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// Where in what torch.save wrote the state dict and the configuration stand. <c>model</c> and <c>cfg</c> are the names that this format
/// has; where they are absent, the other names in use are taken, as long as only one of them fits.
/// </summary>
/// <param name="ModelKey">The key of the state dict.</param>
/// <param name="Model">The state dict.</param>
/// <param name="ConfigKey">The key of the configuration.</param>
/// <param name="Config">Finds a value of the configuration.</param>
internal sealed record CheckpointLayout(string ModelKey, PickleDict Model, string ConfigKey, Func<string, object?> Config)
{
    /// <summary>What to do about a file that is laid out otherwise.</summary>
    public const string Remedy = "save it with torch.save({'model': model.state_dict(), 'cfg': {'dim': .., 'dec_layers': .., "
        + "'heads': .., 'K': .., 'door': 'zero'}}, file)";

    /// <summary>The keys of the configuration; none where it lies among other things.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    private static readonly string[] ModelKeys = ["model", "state_dict", "model_state_dict"];

    /// <summary>What the configuration is called, the name of this format first.</summary>
    public static readonly string[] ConfigKeys = ["cfg", "config", "hparams", "hyper_parameters"];

    /// <param name="path">The file, for messages.</param>
    /// <param name="content">What its pickle holds.</param>
    /// <exception cref="BadInputException">
    /// It holds no state dict with a configuration, or several, or what is not harmless in them.
    /// </exception>
    public static CheckpointLayout Find(string path, object? content)
    {
        if (content is not PickleDict top)
        {
            var what = content is PickleRecord record ? $"a {Untrusted.Quote(record.Callee.Name)}" : "no dict";
            throw new BadInputException(path, $"it holds {what} at its top", Remedy);
        }

        if (top.Pairs.Count > 0 && top.Pairs.All(pair => pair.Value is PickleTensor))
            throw new BadInputException(path, $"it is a bare state dict of {top.Pairs.Count} tensors, without a configuration", Remedy);
        var modelKey = Choose(path, top, ModelKeys, value => value is PickleDict, "a dict");
        var configKey = TopIsConfig(top) ? null
            : Choose(path, top, ConfigKeys, value => Reader(path, "cfg", value)?.Invoke("dim") is not null, "a dict");
        var layout = new CheckpointLayout(modelKey, (PickleDict)Value(top, modelKey)!, configKey ?? "top level", configKey is null
            ? key => Value(top, key) : Reader(path, configKey, Value(top, configKey))!)
        {
            Keys = configKey is null ? [] : KeysOf(Value(top, configKey)),
        };
        RequireHarmless(path, modelKey, layout.Model);
        if (configKey is not null) RequireHarmless(path, configKey, Value(top, configKey));
        return layout;
    }

    private static bool TopIsConfig(PickleDict top) =>
        !ConfigKeys.Any(key => top.TryGet(key, out _)) && top.TryGet("dim", out _) && top.TryGet("door", out _);

    private static string Choose(string path, PickleDict top, string[] keys, Func<object?, bool> fits, string kind)
    {
        var present = keys.Where(key => top.TryGet(key, out _)).ToArray();
        var fitting = present.Where(key => fits(Value(top, key))).ToArray();
        if (fitting.Contains(keys[0]) || fitting.Length == 0 && Value(top, keys[0]) is PickleDict) return keys[0];
        if (fitting.Length == 1) return fitting[0];
        if (fitting.Length > 1)
            throw new BadInputException(path, $"it has no {keys[0]}, and both {string.Join(" and ", fitting)} could be meant", Remedy);
        // One that does not fit is read all the same, so that what it lacks is told.
        if (present.Length == 1 && Value(top, present[0]) is PickleDict) return present[0];
        if (present.Length > 0)
        {
            var value = Value(top, present[0]);
            var what = value is PickleRecord record ? $"is a {Untrusted.Quote(record.Callee.Name)}, not {kind}" : $"is not {kind}";
            throw new BadInputException(path, $"its {present[0]} {what}", Remedy);
        }

        var found = top.Pairs.Select(pair => pair.Key).OfType<string>().ToList();
        throw new BadInputException(path, $"it has no {keys[0]}, only {Untrusted.QuoteFew(found)}", Remedy);
    }

    /// <summary>How to find a value in a configuration: a dict, parsed arguments, or JSON; null where it is none of these.</summary>
    private static Func<string, object?>? Reader(string path, string key, object? value) => value switch
    {
        PickleDict dict => name => Value(dict, name),
        PickleRecord { Attributes: { } attributes } => name => Value(attributes, name),
        string { Length: > 0 } json when json[0] == '{' => Json(path, key, json),
        _ => null,
    };

    private static IReadOnlyList<string> KeysOf(object? value) => value switch
    {
        PickleDict dict => [.. dict.Pairs.Select(pair => pair.Key).OfType<string>()],
        PickleRecord { Attributes: { } attributes } => KeysOf(attributes),
        string json => JsonKeys(json),
        _ => [],
    };

    /// <summary>The keys of a JSON object that was read before.</summary>
    public static IReadOnlyList<string> JsonKeys(string text)
    {
        using var document = JsonDocument.Parse(text);
        return [.. document.RootElement.EnumerateObject().Select(property => property.Name)];
    }

    /// <summary>Finds values in a configuration that is a JSON text.</summary>
    /// <exception cref="BadInputException">It is no JSON object.</exception>
    public static Func<string, object?> Json(string path, string key, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new BadInputException(path, $"its {key} is not a JSON object", Remedy);
            var values = document.RootElement.EnumerateObject().GroupBy(property => property.Name)
                .ToDictionary(group => group.Key, group => CheckpointConfig.Value(group.Last().Value));
            return values.GetValueOrDefault;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new BadInputException(path, $"its {key} is not JSON ({Untrusted.Cut(e.Message)})", Remedy, e);
        }
    }

    private static object? Value(PickleDict dict, string key) => dict.TryGet(key, out var value) ? value : null;

    private static void RequireHarmless(string path, string key, object? section)
    {
        if (HarmlessSection.FirstUnknown(section) is { } unknown) throw RestrictedUnpickler.Forbidden(path, key, unknown);
    }
}
