using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Conformance;

/// <summary>The derived operations that stand for a whole step of the model.</summary>
internal static partial class OperationCases<T>
{
    private static IEnumerable<OperationCase<T>> Features()
    {
        // The truth is the published package's own: features of whole runs, here also entered in their middle.
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        foreach (var name in golden.Entries.Select(entry => entry.Name).Where(name => name.EndsWith(".bytes", StringComparison.Ordinal)))
        {
            var bytes = golden.ReadBytes(name);
            if (bytes.Length is 0 or > 300) continue;
            var features = golden.ReadFloat64(name.Replace(".bytes", ".features"));
            foreach (var (start, width) in ((int, int)[])[(0, 27), (bytes.Length / 2, 32)])
            {
                var run = bytes[start..];
                yield return new("HslFeatures", $"{name[..^6]} from {start} to {width} columns",
                    [
                        Tensor.Build([1, run.Length], i => run[i[1]]).As(Element.Byte),
                        Tensor.Build([1, 2], i => start - 2 + i[1] < 0 ? 0 : bytes[start - 2 + i[1]]).As(Element.Byte),
                        Tensor.Whole(start),
                    ],
                    (op, x) => op.HslFeatures(op.Constant("table", HslFrontDoor.ValueTableAsDouble(), 256, 18), default, x[0], x[1], x[2],
                        width) is var (rows, tail) ? [rows, tail] : [],
                    [
                        Tensor.Build([1, run.Length, width], i => i[2] < 27 ? features[(start + i[1]) * 27 + i[2]] : 0),
                        Tensor.Build([1, 2], i => bytes.Length - 2 + i[1] < 0 ? 0 : bytes[^(2 - i[1])]),
                    ])
                {
                    RecordedWith = [Tensor.Zeros(2, run.Length + 3).As(Element.Byte), Tensor.Zeros(2, 2).As(Element.Byte), Tensor.Whole(0)],
                };
            }
        }
    }

    /// <summary>The value columns from a table that gives byte v the row of 255 - v; the columns of neighbours stay as published.</summary>
    private static IEnumerable<OperationCase<T>> Substrates()
    {
        byte[] bytes = [0, 255, 1, 128, 7];
        var values = HslFrontDoor.ValueTableAsDouble().Chunk(HslFrontDoor.ValueColumns).Reverse().SelectMany(row => row).ToArray();
        var (own, other) = (HslFrontDoor.Features([.. bytes.Select(value => (int)value)]),
            HslFrontDoor.Features([.. bytes.Select(value => 255 - value)]));
        yield return new("HslFeatures", "value columns from another table",
            [
                Tensor.Build([1, 5], i => bytes[i[1]]).As(Element.Byte), Tensor.Zeros(1, 2).As(Element.Byte), Tensor.Whole(0),
            ],
            (op, x) => op.HslFeatures(op.Constant("table", HslFrontDoor.ValueTableAsDouble(), 256, 18),
                op.Constant("values", values, 256, 18), x[0], x[1], x[2], 27) is var (rows, tail) ? [rows, tail] : [],
            [
                Tensor.Build([1, 5, 27], i => (i[2] is < 8 or > 16 ? other : own)[i[1] * 27 + i[2]]),
                Tensor.Build([1, 2], i => bytes[3 + i[1]]),
            ])
        {
            RecordedWith = [Tensor.Zeros(2, 8).As(Element.Byte), Tensor.Zeros(2, 2).As(Element.Byte), Tensor.Whole(0)],
        };
        foreach (var count in (int[])[0, 1, 5])
        {
            yield return new("StreamTail", $"{count} bytes after two",
                [
                    Tensor.Build([1, 2], i => 20 + i[1]).As(Element.Byte), Tensor.Build([1, count], i => bytes[i[1]]).As(Element.Byte),
                ],
                (op, x) => [op.StreamTail(x[0], x[1])],
                [Tensor.Build([1, 2], i => count - 2 + i[1] < 0 ? 20 + count + i[1] : bytes[count - 2 + i[1]])])
            {
                RecordedWith = [Tensor.Zeros(2, 2).As(Element.Byte), Tensor.Zeros(2, 3).As(Element.Byte)],
            };
        }
    }

    private static IEnumerable<OperationCase<T>> Positions()
    {
        foreach (var (attention, slots, position, count) in new (PrefixAttention, int, int, int)[]
        {
            (PrefixAttention.Causal, 2, 0, 5), (PrefixAttention.Causal, 0, 3, 2), (PrefixAttention.Bidirectional, 3, 0, 5),
            (PrefixAttention.Bidirectional, 0, 4, 1),
        })
        {
            var config = new AsymDecConfig(dim: 64, decLayers: 1, heads: 4, slotBytes: 2) { PrefixAttention = attention };
            var (cos, sin) = Truth.Rotation(count, 16, position);
            var past = Math.Max(1, position + count);
            yield return new("RowPositions", $"{attention}, {slots} slots, {count} rows after {position}",
                [Tensor.Whole(position), Tensor.Whole(count), Tensor.Whole(slots)], (op, x) =>
                {
                    var rows = op.RowPositions(config, x[0], x[1], x[2], streamStart: default);
                    return [rows.Rows, rows.Cos, rows.Sin, rows.VisibleKeys, rows.EarlierRows, rows.End];
                },
                [
                    Tensor.Build([count, 1], i => position + i[0]), cos, sin,
                    Tensor.Build([count, past], i => i[1] <= position + i[0] || attention == PrefixAttention.Bidirectional && i[1] < slots
                        ? 1 : 0),
                    Tensor.Build([count, count], i => i[1] <= i[0] ? 1 : 0),
                    Tensor.Whole(position + count),
                ])
            { RecordedWith = [Tensor.Whole(1), Tensor.Whole(6), Tensor.Whole(1)] };
        }
    }

    /// <summary>Rows 2..6 around a stream that starts at 4, before all of them, and behind them.</summary>
    private static IEnumerable<OperationCase<T>> Restarting()
    {
        foreach (var start in (int[])[4, 2, 9])
        {
            yield return new("RestartedRows", $"a stream from {start} on",
                [Tensor.Build([5, 1], i => 2 + i[0]).As(Element.Whole), Tensor.Whole(start)], (op, x) => [op.RestartedRows(x[0], x[1])],
                [Tensor.Build([5, 1], i => 2 + i[0] >= start ? 2 + i[0] - start : 2 + i[0])]);
        }
    }

    private static IEnumerable<OperationCase<T>> Splitting()
    {
        var x = Tensor.Pattern(46, 2, 3, 24);
        yield return new("SplitQkv", "two heads of four", [x],
            (op, t) => op.SplitQkv(t[0], 8, 2) is var (q, k, v) ? [q, k, v] : [],
            [.. Enumerable.Range(0, 3).Select(part => Tensor.Build([2, 2, 3, 4], i => x[i[0], i[2], part * 8 + i[1] * 4 + i[3]]))])
        { RecordedWith = [Tensor.Zeros(3, 5, 24)] };
    }
}
