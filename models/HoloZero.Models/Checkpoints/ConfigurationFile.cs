using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>A network's configuration in a JSON file of its own: what <c>cfg</c> is in a checkpoint. Stateless and thread-safe.</summary>
public static class ConfigurationFile
{
    private const string Remedy = """write {"dim": .., "dec_layers": .., "heads": .., "K": .., "door": "zero"}""";

    /// <summary>Reads <c>{"dim": .., "dec_layers": .., "heads": .., "K": .., "door": "zero"}</c>; other keys do not matter.</summary>
    /// <exception cref="BadInputException">It cannot be read, is not such JSON, or its values do not make a network.</exception>
    public static AsymDecConfig Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        try
        {
            using var json = InputFile.Guard(path, () => JsonDocument.Parse(stream));
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new BadInputException(path, "it is no JSON object", Remedy);
            return new CheckpointConfig(path, "JSON", key => root.TryGetProperty(key, out var value) ? CheckpointConfig.Value(value) : null,
                Remedy).Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // The latter: a string that is not Unicode text.
        {
            throw new BadInputException(path, $"it is not JSON ({Untrusted.Cut(e.Message)})", Remedy, e);
        }
    }
}
