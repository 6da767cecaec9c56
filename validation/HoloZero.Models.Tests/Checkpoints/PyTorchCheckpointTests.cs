using System.IO.Compression;

namespace HoloZero.Models.Tests.Checkpoints;

public class PyTorchCheckpointTests
{
    private static readonly byte[] Six = CheckpointFile.Floats(0, 1, 2, 3, 4, 5);

    [Theory]
    [InlineData(0, new long[] { 2, 3 }, new long[] { 3, 1 }, new float[] { 0, 1, 2, 3, 4, 5 })]
    [InlineData(0, new long[] { 3, 2 }, new long[] { 1, 3 }, new float[] { 0, 3, 1, 4, 2, 5 })]
    [InlineData(2, new long[] { 2 }, new long[] { 3 }, new float[] { 2, 5 })]
    [InlineData(4, new long[] { 2, 3 }, new long[] { 1, 0 }, new float[] { 4, 4, 4, 5, 5, 5 })]
    [InlineData(1, new long[] { 1, 2, 1 }, new long[] { 99, 2, 77 }, new float[] { 1, 3 })]
    [InlineData(3, new long[] { }, new long[] { }, new float[] { 3 })]
    [InlineData(0, new long[] { 0, 3 }, new long[] { 3, 1 }, new float[] { })]
    public void A_view_is_gathered_row_major(long offset, long[] shape, long[] strides, float[] expected)
    {
        using var file = new CheckpointFile(Pickle("FloatStorage", 6, offset, shape, strides), ("0", Six));
        Assert.Equal(expected, file.Load(("w", [.. shape.Select(d => (int)d)]))["w"].Data);
    }

    [Theory]
    [InlineData(6, 0, new long[] { 7 }, new long[] { 1 }, "reaches beyond its storage of 6 elements")]
    [InlineData(5, 0, new long[] { 6 }, new long[] { 1 }, "reaches beyond its storage of 5 elements")]
    [InlineData(6, 1, new long[] { 2, 3 }, new long[] { 3, 1 }, "reaches beyond")]
    [InlineData(6, 6, new long[] { }, new long[] { }, "reaches beyond")]
    [InlineData(6, long.MaxValue, new long[] { 2 }, new long[] { 1 }, "reaches beyond")]
    [InlineData(6, 0, new long[] { 2, 2 }, new long[] { long.MaxValue, long.MaxValue }, "reaches beyond")]
    [InlineData(6, 0, new long[] { long.MaxValue, 3 }, new long[] { 0, 1 }, "has the impossible shape [9223372036854775807, 3]")]
    [InlineData(6, 0, new long[] { -1 }, new long[] { 1 }, "a tensor is described wrongly")]
    [InlineData(6, 0, new long[] { 2 }, new long[] { -1 }, "a tensor is described wrongly")]
    [InlineData(6, -1, new long[] { 2 }, new long[] { 1 }, "a tensor is described wrongly")]
    [InlineData(6, 0, new long[] { 2 }, new long[] { 1, 1 }, "a tensor is described wrongly")]
    [InlineData(7, 0, new long[] { 6 }, new long[] { 1 }, "but the record has 24 bytes")]
    [InlineData(long.MaxValue, 0, new long[] { 6 }, new long[] { 1 }, "but the record has 24 bytes")]
    [InlineData(-1, 0, new long[] { 6 }, new long[] { 1 }, "a persistent id that is not a storage")]
    public void A_view_beyond_its_storage_is_refused(long count, long offset, long[] shape, long[] strides, string cause)
    {
        using var file = new CheckpointFile(Pickle("FloatStorage", count, offset, shape, strides), ("0", Six));
        Assert.Contains(cause, file.Refusal(("w", [6])));
    }

    [Fact]
    public void Tensors_may_share_a_storage()
    {
        using var file = new CheckpointFile(PickleWriter.Checkpoint(
        [
            ("tail", p => p.Tensor("FloatStorage", "0", 6, 4, [2], [1])),
            ("all", p => p.Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1])),
            ("turned", p => p.Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3])),
        ]), ("0", Six));
        var weights = file.Load(("tail", [2]), ("all", [2, 3]), ("turned", [3, 2]));
        Assert.Equal([4, 5], weights["tail"].Data);
        Assert.Equal([0, 1, 2, 3, 4, 5], weights["all"].Data);
        Assert.Equal([0, 3, 1, 4, 2, 5], weights["turned"].Data);
        Assert.NotSame(weights["all"].Data, weights["turned"].Data);
    }

    [Fact]
    public void Only_the_touched_end_of_a_deflated_storage_is_kept()
    {
        var zip = CheckpointFile.Zip([("x/data.pkl", Pickle("FloatStorage", 6, 4, [2], [1])), ("x/data/0", Six)], CompressionLevel.Optimal);
        using var file = new CheckpointFile(zip);
        Assert.Equal([4, 5], file.Load(("w", [2]))["w"].Data);
    }

    [Fact]
    public void Float64_is_rounded_to_nearest_and_overflow_is_refused()
    {
        var near = 1 + (Math.Pow(2, -24) * 1.5); // Above halfway to the next float32.
        using var sound = new CheckpointFile(Pickle("DoubleStorage", 1, 0, [1], [1]), ("0", BitConverter.GetBytes(near)));
        Assert.Equal([MathF.BitIncrement(1)], sound.Load(("w", [1]))["w"].Data);
        using var wild = new CheckpointFile(Pickle("DoubleStorage", 1, 0, [1], [1]), ("0", BitConverter.GetBytes(1e300)));
        Assert.Contains("'w' is infinite as float32 at [0]", wild.Refusal(("w", [1])));
    }

    [Fact]
    public void The_first_value_that_is_not_finite_is_named()
    {
        using var file = new CheckpointFile(Pickle("FloatStorage", 6, 0, [2, 3], [3, 1]),
            ("0", CheckpointFile.Floats(0, 1, 2, 3, float.NegativeInfinity, float.NaN)));
        Assert.Contains("'w' is infinite as float32 at [1, 1]", file.Refusal(("w", [2, 3])));
    }

    [Theory]
    [InlineData("LongStorage", "is Int64")]
    [InlineData("BoolStorage", "is Boolean")]
    [InlineData("ComplexFloatStorage", "a ComplexFloatStorage, which holds no plain numbers")]
    public void Weights_that_are_no_real_numbers_are_refused(string storage, string cause)
    {
        using var file = new CheckpointFile(Pickle(storage, 1, 0, [1], [1]), ("0", new byte[8]));
        Assert.Contains(cause, file.Refusal(("w", [1])));
    }

    [Fact]
    public void A_parameter_is_its_tensor()
    {
        using var file = new CheckpointFile(PickleWriter.Checkpoint([("w", p => p.Call("torch._utils", "_rebuild_parameter",
            Vector, a => a.Raw(0x88), a => a.Call("collections", "OrderedDict")))]), ("0", Six));
        Assert.Equal([0, 1, 2, 3, 4, 5], file.Load(("w", [6]))["w"].Data);
    }

    [Fact]
    public void Values_that_are_to_be_negated_are_refused()
    {
        using var file = new CheckpointFile(PickleWriter.Checkpoint([("w", p => p.Call("torch._utils", "_rebuild_tensor_v2",
            a => a.Tuple(s => s.Text("storage"), s => s.Global("torch", "FloatStorage"), s => s.Text("0"), s => s.Text("cpu"),
                s => s.Int(6)).Raw((byte)'Q'),
            a => a.Int(0), a => a.Longs(6), a => a.Longs(1), a => a.Raw(0x89), a => a.Dict([]),
            a => a.Dict([("neg", v => v.Raw(0x88))])))]),
            ("0", Six));
        Assert.Contains("'w' is a torch._utils._rebuild_tensor_v2, not a dense tensor", file.Refusal(("w", [6])));
    }

    [Fact]
    public void Stacked_prefixes_are_stripped_and_a_collision_is_refused()
    {
        using var stacked = new CheckpointFile(PickleWriter.Checkpoint([("module._orig_mod.module.w", Vector)]), ("0", Six));
        Assert.True(stacked.Load(("w", [6])).ContainsKey("w"));
        using var colliding = new CheckpointFile(PickleWriter.Checkpoint([("w", Vector), ("module.w", Vector)]), ("0", Six));
        Assert.Contains("two tensors 'w'", colliding.Refusal(("w", [6])));
    }

    [Fact]
    public void Missing_and_unexpected_tensors_are_counted_and_the_first_named()
    {
        var model = Enumerable.Range(0, 9).Select(i => ($"extra{i}", (Action<PickleWriter>)Vector));
        using var file = new CheckpointFile(PickleWriter.Checkpoint(model), ("0", Six));
        var message = file.Refusal(("w", [6]));
        Assert.Contains("1 missing: 'w', 9 unexpected: 'extra0', 'extra1', 'extra2', 'extra3', 'extra4' and 4 more", message);
    }

    [Fact]
    public void A_storage_that_the_file_lacks_is_refused()
    {
        using var file = new CheckpointFile(Pickle("FloatStorage", 6, 0, [6], [1]), ("another", Six));
        Assert.Contains("'w' lies in a storage that the file lacks", file.Refusal(("w", [6])));
    }

    [Fact]
    public void A_small_file_cannot_ask_for_all_memory()
    {
        using var file = new CheckpointFile(Pickle("FloatStorage", 6, 0, [1 << 15, 1 << 15], [0, 0]), ("0", Six));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("would take 4294967296 bytes", file.Refusal(("w", [1 << 15, 1 << 15])));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void A_zip_bomb_is_not_inflated()
    {
        var pickle = Pickle("FloatStorage", 32 << 20, (32 << 20) - 1, [1], [1]);
        var zip = CheckpointFile.Zip([("x/data.pkl", pickle), ("x/data/0", new byte[128 << 20])], CompressionLevel.Fastest);
        using var file = new CheckpointFile(zip);
        Assert.Contains("would take", file.Refusal(("w", [1])));
    }

    [Fact]
    public void A_name_cannot_write_to_the_terminal()
    {
        var name = "\u001b]0;owned\u0007\n" + new string('x', 100_000);
        using var file = new CheckpointFile(PickleWriter.Checkpoint([(name, Vector)]), ("0", Six));
        var message = file.Refusal();
        Assert.Contains(@"\u001b]0;owned\u0007\u000a", message);
        Assert.InRange(message.Length, 0, 1000);
    }

    [Fact]
    public void A_zip_without_a_pickle_is_refused()
    {
        using var file = new CheckpointFile(CheckpointFile.Zip([("readme.txt", "hello"u8.ToArray())]));
        Assert.Contains("0 records NAME/data.pkl", file.Refusal());
    }

    [Fact]
    public void A_record_twice_is_refused()
    {
        using var file = new CheckpointFile(Pickle("FloatStorage", 6, 0, [6], [1]), ("0", Six), ("0", Six));
        Assert.Contains("two records 'made/data/0'", file.Refusal(("w", [6])));
    }

    private static void Vector(PickleWriter pickle) => pickle.Tensor("FloatStorage", "0", 6, 0, [6], [1]);

    private static byte[] Pickle(string storage, long count, long offset, long[] shape, long[] strides) =>
        PickleWriter.Checkpoint([("w", p => p.Tensor(storage, "0", count, offset, shape, strides))]);
}
