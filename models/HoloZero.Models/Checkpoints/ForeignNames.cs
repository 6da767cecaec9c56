using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// What names that this network does not have might mean: its forward is not published where we can read it, and a successor's
/// configuration has keys of its own. Stateless and thread-safe.
/// </summary>
internal static class ForeignNames
{
    /// <summary>Keys of the configuration that are read.</summary>
    private static readonly string[] KnownKeys = ["dim", "dec_layers", "heads", "K", "door",
        .. CheckpointConfig.SubstrateKeys, .. CheckpointConfig.ReadingKeys];

    private static readonly (string Part, string Meaning)[] Keys =
    [
        ("origin", "a stream that begins with an origin byte: stream origin zero"),
        ("bos", "a stream that begins with an origin byte: stream origin zero"),
        ("prefix", "what a prefix position sees: prefix attention bidirectional, where it says so"),
        ("bidirectional", "what a prefix position sees: prefix attention bidirectional, where it says so"),
        ("causal", "what a prefix position sees: prefix attention"),
        ("pos", "how positions are counted: stream positions restarted, where it says so"),
        ("rope", "how positions are counted, or another base of the rotary angles, which is not supported"),
        ("cross", "attention from stream to prefix in blocks of its own, which is not supported"),
        ("drop", "dropout, which matters in training alone and is an option there"),
        ("enc", "an encoder for the prefix, which is not supported"),
        ("norm", "another normalization, which is not supported"),
        ("segment", "a learned vector for prefix and stream, which is not supported"),
        ("type_emb", "a learned vector for prefix and stream, which is not supported"),
    ];

    private static readonly (string Part, string Meaning)[] Tensors =
    [
        ("cross", "attention from stream to prefix in blocks of its own"),
        ("seg", "a learned vector for prefix and stream"),
        ("type_emb", "a learned vector for prefix and stream"),
        ("pos", "learned positions"),
        ("origin", "a learned origin of the stream"),
        ("bos", "a learned origin of the stream"),
        ("embed", "a learned input layer, not the zero door"),
        ("door", "a learned input layer, not the zero door"),
        ("proj_in", "a learned input layer, not the zero door"),
        ("enc", "an encoder for the prefix"),
        ("norm", "a normalization more"),
    ];

    /// <summary>A line for each key that is not read, with what it might mean.</summary>
    /// <param name="where">Where the keys stand.</param>
    /// <param name="keys">All keys there.</param>
    public static IReadOnlyList<string> Notes(string where, IEnumerable<string> keys) =>
        [.. Unread(keys).Select(key => $"{where} has {Untrusted.Quote(key)}, which is not read"
            + $"{(MeaningOfKey(key) is { } meaning ? $"; it might mean {meaning}" : "")}")];

    /// <summary>The keys that are not read.</summary>
    public static IReadOnlyList<string> Unread(IEnumerable<string> keys) => [.. keys.Where(key => !KnownKeys.Contains(key))];

    /// <summary>What a key that is not read might mean; null where nobody knows.</summary>
    public static string? MeaningOfKey(string key) => Meaning(Keys, key);

    /// <summary>What unexpected tensors might mean; empty where nobody knows.</summary>
    public static string OfTensors(IEnumerable<string> names)
    {
        string[] meanings = [.. names.Select(name => Meaning(Tensors, name)).OfType<string>().Distinct()];
        return meanings.Length == 0 ? "" : $" ({string.Join("; ", meanings)}, perhaps)";
    }

    private static string? Meaning((string Part, string Meaning)[] known, string name) =>
        known.FirstOrDefault(entry => name.Contains(entry.Part, StringComparison.OrdinalIgnoreCase)).Meaning;
}
