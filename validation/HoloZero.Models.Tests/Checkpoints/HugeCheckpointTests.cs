namespace HoloZero.Models.Tests.Checkpoints;

public class HugeCheckpointTests
{
    private const long Elements = 10L << 30; // 40 GB of float32: more than this test may have.

    [Fact]
    public void Optimizer_state_larger_than_memory_is_never_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a file with a hole would take its full length on disk");
        using var file = new CheckpointFile();
        var pickle = PickleWriter.Checkpoint(
        [
            ("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1])),
            ("first", p => p.Tensor("FloatStorage", "1", Elements, 2, [2], [1])),
        ],
        ("optimizer", p => p.Dict([("exp_avg", t => t.Tensor("FloatStorage", "1", Elements, 0, [Elements], [1]))])));
        SparseZip.Write(file.Path,
            ("big/data.pkl", pickle, pickle.Length),
            ("big/data/1", null, Elements * 4),
            ("big/data/0", CheckpointFile.Floats(1, 2), 8));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var weights = file.Load(("w", [2]), ("first", [2]));
        Assert.Equal([1, 2], weights["w"].Data);
        Assert.Equal([0, 0], weights["first"].Data);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
    }
}
