using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// The memory of one piece of state, for one or more sequences: read and written in the same place, or, where the graph does not allow
/// that, in two places of which the second is copied to the first after a call. Owns its memory.
/// </summary>
internal sealed class StateBuffer : IDisposable
{
    private readonly int _rows;
    private IMemoryBlock _past;
    private IMemoryBlock? _present;
    private IMemoryBlock? _marked;
    private int _capacity;

    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public StateBuffer(PieceLayout layout, StateMemory memory, int rows, int capacity)
    {
        (Layout, Memory, _rows, _capacity) = (layout, memory, rows, capacity);
        var bytes = rows * layout.RowBytes(capacity);
        _past = memory.Allocate(bytes);
        try
        {
            _present = layout.State.InPlace ? null : memory.Allocate(bytes);
        }
        catch
        {
            _past.Dispose();
            throw;
        }
    }

    /// <summary>How it lies in memory.</summary>
    public PieceLayout Layout { get; }

    /// <summary>Where it lies.</summary>
    public StateMemory Memory { get; }

    /// <summary>What goes into a call, of the first <paramref name="count"/> rows. The caller disposes it before this buffer.</summary>
    public OrtValue Past(int count) => View(_past, count);

    /// <summary>What comes out of it: the same memory where that is allowed.</summary>
    public OrtValue Present(int count) => View(_present ?? _past, count);

    /// <summary>What a call gave becomes what the next one takes.</summary>
    public void Carry(int count)
    {
        if (_present is not null) Memory.Copy(new(_past), new(_present), count * Layout.RowBytes(_capacity));
    }

    /// <summary>Makes the first row of a piece that does not grow what a block holds from <paramref name="offset"/> on.</summary>
    public void SetFirst(IMemoryBlock row, long offset) => Memory.Copy(new(_past), new(row, offset), Layout.PositionBytes);

    /// <summary>Before the first byte. What lies beyond the position of a growing axis is never read and may stay.</summary>
    public void Clear()
    {
        if (!Layout.Grows) Memory.Clear(_past);
    }

    /// <summary>Remembers the content; of a growing axis nothing, since calls only add to it.</summary>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public void Mark()
    {
        if (Layout.Grows) return;
        _marked ??= Memory.Allocate(_past.Bytes);
        Memory.Copy(new(_marked), new(_past), _past.Bytes);
    }

    public void Rollback()
    {
        if (!Layout.Grows) Memory.Copy(new(_past), new(_marked!), _past.Bytes);
    }

    /// <summary>Makes room for <paramref name="positions"/> positions: the memory is another then.</summary>
    /// <exception cref="MissingCapabilityException">Memory is too small; all is as before.</exception>
    public void Grow(int positions)
    {
        if (!Layout.Grows) return;
        using var grown = new StateBuffer(Layout, Memory, _rows, positions);
        for (var row = 0; row < _rows; row++) grown.CopyRow(row, this, row, _capacity);
        Memory.Finish();
        (_past, grown._past, _present, grown._present) = (grown._past, _past, grown._present, _present);
        _capacity = positions;
    }

    /// <summary>
    /// Makes a sequence what <paramref name="from"/> of <paramref name="source"/> is, up to <paramref name="positions"/>.
    /// </summary>
    public void CopyRow(int to, StateBuffer source, int from, long positions) => Memory.Copy(
        new(_past, to * Layout.Blocks * Stride, Stride), new(source._past, from * Layout.Blocks * source.Stride, source.Stride),
        (Layout.Grows ? positions : 1) * Layout.PositionBytes, Layout.Blocks);

    public void Dispose()
    {
        _past.Dispose();
        _present?.Dispose();
        _marked?.Dispose();
    }

    /// <summary>Bytes from a block to the next.</summary>
    private long Stride => (long)Layout.PositionBytes * (Layout.Grows ? _capacity : 1);

    private OrtValue View(IMemoryBlock memory, int count) => OrtValue.CreateTensorValueWithData(Memory.Info, Layout.Type,
        Layout.Shape(count, _capacity), memory.Start, count * Layout.RowBytes(_capacity));
}
