using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// The host memory of one piece of state, for one or more sequences: read and written in the same place, or, where the graph does not
/// allow that, in two places of which the second is copied to the first after a call. Owns its tensors.
/// </summary>
internal sealed class StateBuffer : IDisposable
{
    private readonly ArtifactManifest.StateInfo _state;
    private readonly int _rows;
    private readonly bool _grows;
    private readonly int _blocks;
    private readonly int _elementBytes;
    private int _capacity;
    private byte[]? _marked;

    public StateBuffer(ArtifactManifest.StateInfo state, int rows, int capacity)
    {
        (_state, _rows) = (state, rows);
        var axes = state.Past.Shape;
        var growing = axes.ToList().FindIndex(axis => axis.Length is null && axis.Name != ArtifactManifest.BatchAxis);
        (_grows, _capacity) = (growing >= 0, growing >= 0 ? capacity : 1);
        Past = StateTensors.Zeros(state.Past, rows, capacity);
        Present = state.InPlace ? Past : StateTensors.Zeros(state.Past, rows, capacity);

        // A row is so many blocks of positions; a piece that does not grow is one block of one position.
        _blocks = _grows ? (int)axes.Take(growing).Aggregate(1L, (count, axis) => count * (axis.Length ?? 1)) : 1;
        _elementBytes = Past.GetTensorMutableRawData().Length / (rows * _blocks * _capacity);
    }

    /// <summary>What goes into a call.</summary>
    public OrtValue Past { get; private set; }

    /// <summary>What comes out of it; the same as <see cref="Past"/> where that is allowed.</summary>
    public OrtValue Present { get; private set; }

    /// <summary>What a call gave becomes what the next one takes.</summary>
    public void Carry()
    {
        if (!_state.InPlace) Present.GetTensorMutableRawData().CopyTo(Past.GetTensorMutableRawData());
    }

    /// <summary>Before the first byte. What lies beyond the position of a growing axis is never read and may stay.</summary>
    public void Clear()
    {
        if (!_grows) Past.GetTensorMutableRawData().Clear();
    }

    /// <summary>Remembers the content; of a growing axis nothing, since calls only add to it.</summary>
    public void Mark()
    {
        if (_grows) return;
        var content = Past.GetTensorMutableRawData();
        _marked ??= new byte[content.Length];
        content.CopyTo(_marked);
    }

    public void Rollback()
    {
        if (!_grows) _marked.AsSpan().CopyTo(Past.GetTensorMutableRawData());
    }

    /// <summary>Makes room for <paramref name="capacity"/> positions. The tensors are new ones then.</summary>
    public void Grow(int capacity)
    {
        if (!_grows) return;
        var (old, before) = (Past, _capacity);
        Past = StateTensors.Zeros(_state.Past, _rows, capacity);
        _capacity = capacity;
        for (var row = 0; row < _rows; row++) CopyRow(row, old, before, row, before);
        old.Dispose();
        if (_state.InPlace)
        {
            Present = Past;
            return;
        }

        Present.Dispose();
        Present = StateTensors.Zeros(_state.Past, _rows, capacity);
    }

    /// <summary>
    /// Makes a sequence what <paramref name="from"/> of <paramref name="source"/> is, up to <paramref name="positions"/>.
    /// </summary>
    public void CopyRow(int to, StateBuffer source, int from, int positions) =>
        CopyRow(to, source.Past, source._capacity, from, _grows ? positions : 1);

    public void Dispose()
    {
        Past.Dispose();
        if (!_state.InPlace) Present.Dispose();
    }

    private void CopyRow(int to, OrtValue source, int capacity, int from, int positions)
    {
        var target = Past.GetTensorMutableRawData();
        var bytes = source.GetTensorMutableRawData();
        for (var block = 0; block < _blocks; block++)
        {
            bytes.Slice((from * _blocks + block) * capacity * _elementBytes, positions * _elementBytes)
                .CopyTo(target[((to * _blocks + block) * _capacity * _elementBytes)..]);
        }
    }
}
