using System.Collections.Immutable;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>A checkpoint in a safetensors file; <c>__metadata__</c> holds the configuration as strings.</summary>
internal sealed class SafetensorsCheckpoint : Checkpoint
{
    private readonly SafetensorsFile _file;
    private readonly OrderedDictionary<string, SafetensorsEntry> _entries;

    private SafetensorsCheckpoint(FileStream stream, SafetensorsFile file, AsymDecConfig config,
        OrderedDictionary<string, SafetensorsEntry> entries, ImmutableArray<StoredTensor> tensors)
        : base(file.Path, CheckpointFormat.Safetensors, stream, config, tensors) => (_file, _entries) = (file, entries);

    /// <param name="path">The file's name, for messages.</param>
    /// <param name="stream">The open file, which the checkpoint owns once this returns.</param>
    public static SafetensorsCheckpoint Open(string path, FileStream stream)
    {
        var file = SafetensorsFile.Open(path, stream);
        var entries = StripPrefixes(path, file.Entries.Select(e => KeyValuePair.Create(e.Name, e)));
        var config = new CheckpointConfig(path, "__metadata__", key => file.Metadata.GetValueOrDefault(key)).Read();
        return new SafetensorsCheckpoint(stream, file, config, entries,
            [.. entries.Select(e => new StoredTensor(e.Key, e.Value.Shape, e.Value.Type))]);
    }

    private protected override void DisposeReader() => _file.Dispose();

    private protected override IEnumerable<KeyValuePair<string, float[]>> ReadAll() =>
        _entries.Select(e => KeyValuePair.Create(e.Key, _file.ReadFloat32(e.Value.Name)));
}
