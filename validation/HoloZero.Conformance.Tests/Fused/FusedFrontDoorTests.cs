using HoloZero.Artifacts;
using HoloZero.Exporter;
using HoloZero.Exporter.Fused;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Testing;

namespace HoloZero.Conformance.Fused;

/// <summary>The fused front door against the published features, bit for bit.</summary>
public class FusedFrontDoorTests
{
    private protected virtual GraphVariant Variant => GraphVariant.Float32;

    private const int Features = HslFrontDoor.FeatureCount, Width = 40;

    public static TheoryData<string> Cases { get; } = [.. CaseNames()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_run_entered_anywhere_has_the_published_features(string name)
    {
        var (bytes, features) = Published(name);
        using var door = Door();
        foreach (var cut in (int[])[.. Enumerable.Range(0, Math.Min(4, bytes.Length)), bytes.Length / 2, bytes.Length - 1])
        {
            var (first, tail) = Run(door, [bytes[..cut]], NoTail(1));
            var (second, last) = Run(door, [bytes[cut..]], tail);
            Assert.Equal(features, Own(first).Concat(Own(second)));
            Assert.Equal(Codes(bytes), last.Values);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_run_byte_by_byte_has_the_published_features(string name)
    {
        var (bytes, features) = Published(name);
        using var door = Door();
        var tail = NoTail(1);
        for (var i = 0; i < Math.Min(bytes.Length, 40); i++)
        {
            (var row, tail) = Run(door, [[bytes[i]]], tail);
            Assert.Equal(features[(i * Features)..((i + 1) * Features)], Own(row));
        }
    }

    [Fact]
    public void Rows_of_a_batch_stand_where_their_own_tails_say()
    {
        byte[] text = [0, 0, 255, 1, 0, 128, 7, 7, 254, 3];
        int[] starts = [0, 1, 2, 5, 7];
        using var door = Door();
        var tails = new Tensor(Element.Code, [.. starts.SelectMany(start => Codes(text[..start]))], [starts.Length, 2]);
        var (rows, last) = Run(door, [.. starts.Select(start => text[start..(start + 3)])], tails);
        for (var i = 0; i < starts.Length; i++)
        {
            var expected = HslFrontDoor.Features([.. text[..(starts[i] + 3)].Select(value => (int)value)]).AsSpan(starts[i] * Features);
            Assert.Equal(expected, Own(rows).AsSpan(i * 3 * Features, 3 * Features));
            Assert.Equal(Codes(text[..(starts[i] + 3)]), last.Values.AsSpan(2 * i, 2));
        }
    }

    [Fact]
    public void Every_pair_of_first_bytes_and_no_bytes()
    {
        using var door = Door();
        byte[][] pairs = [.. Enumerable.Range(0, 1 << 16).Select(pair => (byte[])[(byte)(pair >> 8), (byte)pair])];
        var (rows, _) = Run(door, pairs, NoTail(pairs.Length));
        Assert.Equal(pairs.SelectMany(pair => HslFrontDoor.Features([pair[0], pair[1]])), Own(rows));

        var (none, tail) = Run(door, [[]], new(Element.Code, [0, 256 + 65], [1, 2]));
        Assert.Equal([1, 0, Width], none.Shape);
        Assert.Equal([0, 256 + 65], tail.Values);
    }

    [Fact]
    public void Value_columns_come_from_another_table_where_there_is_one()
    {
        byte[] text = [0, 255, 1, 0, 128, 7, 7, 254, 3];
        var table = SubstrateTables.Permuted(3);
        using var door = Door(table);
        var (first, tail) = Run(door, [text[..4]], NoTail(1));
        var (second, last) = Run(door, [text[4..]], tail);
        var published = HslFrontDoor.Features([.. text.Select(value => (int)value)]).Chunk(Features).ToArray();
        foreach (var (i, row) in Own(first).Concat(Own(second)).Chunk(Features).Index())
        {
            var values = table.AsSpan(text[i] * HslFrontDoor.ValueColumns, HslFrontDoor.ValueColumns);
            float[] expected = [.. values[..8], .. published[i][8..17], .. values[8..]];
            Assert.Equal(expected, row);
        }

        Assert.Equal(Codes(text), last.Values);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void A_door_without_features_hands_on_the_same_tail(int count)
    {
        byte[] text = [0, 255, 1, 0, 128, 7, 7, 254, 3, 0, 9];
        using var graph = Recording.Fused(Variant, [Tensor.Zeros(2, 5).As(Element.Byte), Tensor.Zeros(2, 2).As(Element.Code)],
            (op, x) => [op.At("stream").StreamTail(x[1], x[0])]);
        foreach (var before in (int[])[0, 1, 2])
        {
            var bytes = new Tensor(Element.Byte, [.. text[before..(before + count)].Select(value => (double)value)], [1, count]);
            var tail = graph.Run([bytes, new(Element.Code, Codes(text[..before]), [1, 2])])[0];
            Assert.Equal(Codes(text[..(before + count)]), tail.Values);
        }
    }

    private GraphRun Door(float[]? values = null) => Recording.Fused(Variant,
        [Tensor.Zeros(2, 5).As(Element.Byte), Tensor.Zeros(2, 2).As(Element.Code)], (op, x) =>
        {
            var table = op.Constant("value_table", HslFrontDoor.ValueTableAsDouble(), 256, HslFrontDoor.ValueColumns);
            var read = values is null ? null
                : op.Constant("substrate_table", [.. values.Select(value => (double)value)], 256, HslFrontDoor.ValueColumns);
            var (features, tail) = op.At("stream").HslFeatures(table, read, x[0], x[1], GraphValue.Absent, Width);
            return [features, tail];
        });

    private static (Tensor Rows, Tensor Tail) Run(GraphRun door, byte[][] rows, Tensor tail)
    {
        double[] values = [.. rows.SelectMany(row => row).Select(value => (double)value)];
        var bytes = new Tensor(Element.Byte, values, [rows.Length, rows[0].Length]);
        var results = door.Run([bytes, tail]);
        return (results[0], results[1]);
    }

    /// <summary>Without the zeros, which have to be zeros.</summary>
    private static float[] Own(Tensor rows)
    {
        var chunks = rows.Values.Chunk(Width).ToArray();
        Assert.All(chunks, row => Assert.All(row[Features..], value => Assert.Equal(0, value)));
        return [.. chunks.SelectMany(row => row[..Features]).Select(value => (float)value)];
    }

    /// <summary>The tail after these bytes.</summary>
    private static double[] Codes(byte[] bytes) =>
        [.. ((double[])[0, 0, .. bytes.Select(value => (double)(FusedState.PresentByte + value))]).TakeLast(2)];

    private static Tensor NoTail(int rows) => new(Element.Code, new double[2 * rows], [rows, 2]);

    private static (byte[] Bytes, float[] Features) Published(string name)
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        return (golden.ReadBytes($"{name}.bytes"), golden.ReadFloat32($"{name}.features"));
    }

    /// <summary>All but the empty run, which is no run to a graph: the host makes one 0x00 of it.</summary>
    private static IEnumerable<string> CaseNames()
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        return [.. golden.Entries.Where(entry => entry.Name.EndsWith(".bytes", StringComparison.Ordinal) && entry.Shape[0] > 0)
            .Select(entry => entry.Name[..^".bytes".Length])];
    }
}

/// <summary>The same as CUDA computes it: changes come from a table.</summary>
public class CudaFrontDoorTests : FusedFrontDoorTests
{
    private protected override GraphVariant Variant => GraphVariant.Cuda;
}
