using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// A network's configuration without its weights: known by name, or what <c>cfg</c> is in a checkpoint in a JSON file of its own.
/// Stateless and thread-safe.
/// </summary>
public static class ConfigurationFile
{
    private const string Remedy = """write {"dim": .., "dec_layers": .., "heads": .., "K": .., "door": "zero"}""";

    /// <summary>Those with a name: two small ones to try things with, and the published size.</summary>
    public static IReadOnlyDictionary<string, AsymDecConfig> Known { get; } = new OrderedDictionary<string, AsymDecConfig>
    {
        ["tiny"] = new(dim: 64, decLayers: 2, heads: 4, slotBytes: 2),
        ["demo"] = new(dim: 256, decLayers: 3, heads: 4, slotBytes: 8),
        ["published"] = new(dim: 512, decLayers: 6, heads: 8, slotBytes: 8),
    };

    /// <summary>Finds a configuration.</summary>
    /// <param name="where">What asks for it, for messages.</param>
    /// <param name="nameOrPath">A name of <see cref="Known"/>, or the path of a JSON file.</param>
    /// <exception cref="BadInputException">It is neither, or describes no network.</exception>
    public static AsymDecConfig Find(string where, string nameOrPath)
    {
        if (Known.TryGetValue(nameOrPath, out var known)) return known;
        return Path.Exists(nameOrPath) ? Read(nameOrPath)
            : throw new BadInputException(where, $"{Untrusted.Quote(nameOrPath)} is neither a file nor a configuration known by name",
                $"name {string.Join(" or ", Known.Keys)}, or a file: {Remedy}");
    }

    /// <summary>
    /// Reads <c>{"dim": .., "dec_layers": .., "heads": .., "K": .., "door": "zero"}</c>, and <c>substrate</c> and <c>substrate_seed</c>
    /// where it is not HSL's, these keys and no other.
    /// </summary>
    /// <exception cref="BadInputException">It cannot be read, is not such JSON, or its values do not make a network.</exception>
    public static AsymDecConfig Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        try
        {
            using var json = InputFile.Guard(path, () => JsonDocument.Parse(stream));
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new BadInputException(path, "it is no JSON object", Remedy);
            // How a network without weights is read is said where it is made.
            string[] names = [.. root.EnumerateObject().Select(property => property.Name)];
            if (ForeignNames.Unread(names).Concat(names.Intersect(CheckpointConfig.ReadingKeys)).FirstOrDefault() is { } unknown)
            {
                var meaning = ForeignNames.MeaningOfKey(unknown) is { } known ? $" and might mean {known}" : "";
                throw new BadInputException(path, $"its {Untrusted.Quote(unknown)} is not read{meaning}", $"leave it out: {Remedy}");
            }

            return new CheckpointConfig(path, "JSON", key => root.TryGetProperty(key, out var value) ? CheckpointConfig.Value(value) : null,
                Remedy).Read().Config;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: a string that is not Unicode text.
        {
            throw new BadInputException(path, $"it is not JSON ({Untrusted.Cut(e.Message)})", Remedy, e);
        }
    }
}
