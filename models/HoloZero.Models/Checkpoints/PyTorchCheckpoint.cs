using System.Collections.Immutable;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>A checkpoint that torch.save wrote: <c>{"model": state_dict, "cfg": {...}, ...}</c>. Other keys are not loaded.</summary>
internal sealed class PyTorchCheckpoint : Checkpoint
{
    private readonly PyTorchArchive _archive;
    private readonly OrderedDictionary<string, TensorView> _views;

    private PyTorchCheckpoint(string path, FileStream stream, PyTorchArchive archive, (AsymDecConfig, PartialReading) told,
        OrderedDictionary<string, TensorView> views, ImmutableArray<StoredTensor> tensors)
        : base(path, CheckpointFormat.PyTorchZip, stream, told, tensors) => (_archive, _views) = (archive, views);

    /// <param name="path">The file's name, for messages.</param>
    /// <param name="stream">The open file, which the checkpoint owns once this returns.</param>
    public static PyTorchCheckpoint Open(string path, FileStream stream)
    {
        var archive = new PyTorchArchive(path, stream);
        var mostBytes = (int)Int128.Min(RestrictedUnpickler.MaxBytes, MemoryBudget(stream.Length));
        var content = RestrictedUnpickler.Load(path, archive.ReadPickle(mostBytes));
        var layout = CheckpointLayout.Find(path, content);
        var told = new CheckpointConfig(path, layout.ConfigKey, layout.Config).Read();
        var views = StripPrefixes(path, layout.Model.Pairs.Select(pair => View(path, archive, layout.ModelKey, pair.Key, pair.Value)));
        return new PyTorchCheckpoint(path, stream, archive, told, views,
            [.. views.Select(v => new StoredTensor(v.Key, [.. v.Value.Shape], v.Value.Type))])
        {
            Notes = ForeignNames.Notes($"its {layout.ConfigKey}", layout.Keys),
        };
    }

    private protected override void DisposeReader() => _archive.Dispose();

    private protected override IEnumerable<KeyValuePair<string, float[]>> ReadAll()
    {
        // Tensors may share a storage: it is read once, and only the part that they touch.
        foreach (var sharing in _views.GroupBy(v => v.Value.Key, StringComparer.Ordinal))
        {
            var touched = sharing.Where(v => v.Value.Count > 0).ToList();
            var begin = touched.Count == 0 ? 0 : touched.Min(v => v.Value.BeginByte);
            var end = touched.Count == 0 ? 0 : touched.Max(v => v.Value.EndByte);
            // A deflated record is read to its end, whose place is a mere claim, for its checksum.
            RequireBytes(_archive.IsCompressed(sharing.Key) ? _archive.StorageLength(sharing.Key) ?? end : end - begin);
            if (end - begin > Array.MaxLength)
            {
                throw Bad($"its tensors span {end - begin} bytes of storage {Untrusted.Quote(sharing.Key)}",
                    "save it with each tensor cloned");
            }
            var bytes = _archive.ReadStorage(sharing.Key, begin, (int)(end - begin));
            foreach (var (name, view) in sharing)
            {
                yield return KeyValuePair.Create(name, view.Count == 0 ? [] : view.ReadFloat32(bytes, begin));
            }
        }
    }

    private static KeyValuePair<string, TensorView> View(string path, PyTorchArchive archive, string section, object? key, object? value)
    {
        if (key is not string name)
            throw new BadInputException(path, $"its {section} has a key that is not a text", CheckpointLayout.Remedy);
        var what = $"its {section} tensor {Untrusted.Quote(name)}";
        if (value is not PickleTensor tensor)
        {
            var kind = value is PickleRecord record ? $"is a {record.Callee.Name}, not a dense tensor" : "is not a tensor";
            throw new BadInputException(path, $"{what} {kind}", CheckpointLayout.Remedy);
        }
        var fault = "lies in a storage that the file lacks";
        TensorView? view = null;
        if (archive.StorageLength(tensor.Storage.Key) is { } length) fault = TensorView.Check(tensor, length, out view);
        return view is not null ? KeyValuePair.Create(name, view)
            : throw new BadInputException(path, $"{what} {fault}", "copy or download the file again, or save it anew with torch.save");
    }
}
