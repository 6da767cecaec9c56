using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>A batch as it is filled: in each row a prefix, a stream and what follows each byte of it. Not thread-safe.</summary>
internal sealed class BatchRows
{
    private readonly int _prefixBytes, _symbols, _learned;
    private readonly bool _origin;
    private int _next;

    /// <param name="rows">Sequences side by side.</param>
    /// <param name="prefixBytes">Bytes of each prefix.</param>
    /// <param name="symbols">Symbols of each stream, 2 or more.</param>
    /// <param name="origin">What streams begin with: behind an origin every symbol is learned, else all but the first.</param>
    public BatchRows(int rows, int prefixBytes, int symbols, StreamOrigin origin)
    {
        (_prefixBytes, _symbols, _origin) = (prefixBytes, symbols, origin == StreamOrigin.Zero);
        _learned = _origin ? symbols : symbols - 1;
        Batch = new(rows, new byte[rows * prefixBytes], new byte[rows * _learned], new short[rows * _learned]);
    }

    /// <summary>The batch.</summary>
    public WindowBatch Batch { get; }

    /// <summary>Fills the next row.</summary>
    /// <param name="prefix">As long as a prefix or shorter: zeros fill it up.</param>
    /// <param name="stream">As many bytes as symbols, or one less, which the end of the document follows.</param>
    public void Add(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream)
    {
        prefix.CopyTo(Batch.Prefix.AsSpan(_next * _prefixBytes, _prefixBytes));
        var given = Batch.Stream.AsSpan(_next * _learned, _learned);
        var targets = Batch.Targets.AsSpan(_next * _learned, _learned);
        // The origin is 0x00, which is there already.
        stream[..(_symbols - 1)].CopyTo(_origin ? given[1..] : given);
        for (var i = 0; i < _learned; i++)
        {
            var symbol = i + _symbols - _learned;
            targets[i] = symbol < stream.Length ? stream[symbol] : (short)AsymDecConfig.EosId;
        }

        _next++;
    }
}
