using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// The host memory of one piece of state, for one or more sequences: read and written in the same place, or, where the graph does not
/// allow that, in two places of which the second is copied to the first after a call. Owns its memory.
/// </summary>
internal sealed class StateBuffer(PieceLayout layout, int rows, int capacity) : IDisposable
{
    private NativeBuffer _past = new(rows * layout.RowBytes(capacity));
    private NativeBuffer? _present = layout.State.InPlace ? null : new(rows * layout.RowBytes(capacity));
    private int _capacity = capacity;
    private byte[]? _marked;

    /// <summary>How it lies in memory.</summary>
    public PieceLayout Layout => layout;

    /// <summary>What goes into a call, of the first <paramref name="count"/> rows. The caller disposes it before this buffer.</summary>
    public OrtValue Past(int count) => View(_past, count);

    /// <summary>What comes out of it: the same memory where that is allowed.</summary>
    public OrtValue Present(int count) => View(_present ?? _past, count);

    /// <summary>What a call gave becomes what the next one takes.</summary>
    public void Carry(int count)
    {
        if (_present is null) return;
        var bytes = (int)(count * layout.RowBytes(_capacity));
        _present.Span(0, bytes).CopyTo(_past.Span(0, bytes));
    }

    /// <summary>Makes the first row of a piece that does not grow these bytes.</summary>
    public void SetFirst(ReadOnlySpan<byte> row) => row.CopyTo(_past.Span(0, row.Length));

    /// <summary>Before the first byte. What lies beyond the position of a growing axis is never read and may stay.</summary>
    public void Clear()
    {
        if (!layout.Grows) All.Clear();
    }

    /// <summary>Remembers the content; of a growing axis nothing, since calls only add to it.</summary>
    public void Mark()
    {
        if (layout.Grows) return;
        _marked ??= new byte[All.Length];
        All.CopyTo(_marked);
    }

    public void Rollback()
    {
        if (!layout.Grows) _marked.AsSpan().CopyTo(All);
    }

    /// <summary>Makes room for <paramref name="positions"/> positions: the memory is another then.</summary>
    public void Grow(int positions)
    {
        if (!layout.Grows) return;
        using var grown = new StateBuffer(layout, rows, positions);
        for (var row = 0; row < rows; row++) grown.CopyRow(row, this, row, _capacity);
        (_past, grown._past, _present, grown._present) = (grown._past, _past, grown._present, _present);
        _capacity = positions;
    }

    /// <summary>
    /// Makes a sequence what <paramref name="from"/> of <paramref name="source"/> is, up to <paramref name="positions"/>.
    /// </summary>
    public void CopyRow(int to, StateBuffer source, int from, long positions)
    {
        var bytes = (int)((layout.Grows ? positions : 1) * layout.PositionBytes);
        var (stride, sourceStride) = (Stride, source.Stride);
        for (var block = 0L; block < layout.Blocks; block++)
        {
            source._past.Span((from * layout.Blocks + block) * sourceStride, bytes)
                .CopyTo(_past.Span((to * layout.Blocks + block) * stride, bytes));
        }
    }

    public void Dispose()
    {
        _past.Dispose();
        _present?.Dispose();
    }

    /// <summary>All rows of a piece that does not grow.</summary>
    private Span<byte> All => _past.Span(0, (int)_past.Bytes);

    /// <summary>Bytes from a block to the next.</summary>
    private long Stride => (long)layout.PositionBytes * (layout.Grows ? _capacity : 1);

    private OrtValue View(NativeBuffer memory, int count) => OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, layout.Type,
        layout.Shape(count, _capacity), memory.Start, count * layout.RowBytes(_capacity));
}
