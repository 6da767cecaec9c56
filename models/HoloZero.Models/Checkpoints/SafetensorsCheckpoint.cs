using System.Collections.Immutable;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>A checkpoint in a safetensors file; <c>__metadata__</c> holds the configuration as strings.</summary>
internal sealed class SafetensorsCheckpoint : Checkpoint
{
    private readonly SafetensorsFile _file;
    private readonly OrderedDictionary<string, SafetensorsEntry> _entries;

    private SafetensorsCheckpoint(FileStream stream, SafetensorsFile file, (AsymDecConfig, PartialReading) told,
        OrderedDictionary<string, SafetensorsEntry> entries, ImmutableArray<StoredTensor> tensors)
        : base(file.Path, CheckpointFormat.Safetensors, stream, told, tensors) => (_file, _entries) = (file, entries);

    /// <param name="path">The file's name, for messages.</param>
    /// <param name="stream">The open file, which the checkpoint owns once this returns.</param>
    public static SafetensorsCheckpoint Open(string path, FileStream stream)
    {
        var file = SafetensorsFile.Open(path, stream);
        var entries = StripPrefixes(path, file.Entries.Select(e => KeyValuePair.Create(e.Name, e)));
        var (where, find, keys) = Configuration(path, file.Metadata);
        var told = new CheckpointConfig(path, where, find).Read();
        return new SafetensorsCheckpoint(stream, file, told, entries,
            [.. entries.Select(e => new StoredTensor(e.Key, e.Value.Shape, e.Value.Type))])
        {
            Notes = ForeignNames.Notes($"its {where}", keys),
        };
    }

    // Each value as a metadata text of its own, or all of them as one JSON text.
    private static (string Where, Func<string, object?> Find, IEnumerable<string> Keys) Configuration(string path,
        IReadOnlyDictionary<string, string> metadata)
    {
        string[] texts = metadata.ContainsKey("dim") ? [] : [.. CheckpointLayout.ConfigKeys.Where(metadata.ContainsKey)];
        return texts switch
        {
            // What wrote the file says so in format.
            [] => ("__metadata__", metadata.GetValueOrDefault, metadata.Keys.Where(key => key != "format")),
            [var key, ..] when texts.Length == 1 || key == CheckpointLayout.ConfigKeys[0] =>
                ($"{key} of its __metadata__", CheckpointLayout.Json(path, $"{key} of its __metadata__", metadata[key]),
                    CheckpointLayout.JsonKeys(metadata[key])),
            _ => throw new BadInputException(path, $"both {string.Join(" and ", texts)} of its __metadata__ could be meant",
                "save the configuration as cfg"),
        };
    }

    private protected override void DisposeReader() => _file.Dispose();

    private protected override IEnumerable<KeyValuePair<string, float[]>> ReadAll() =>
        _entries.Select(e => KeyValuePair.Create(e.Key, _file.ReadFloat32(e.Value.Name)));
}
