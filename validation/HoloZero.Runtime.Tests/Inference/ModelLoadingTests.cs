using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>What loading a model looks at.</summary>
public sealed class ModelLoadingTests : IDisposable
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32", "portable"] });

    public void Dispose() => _exported.Dispose();

    [Fact]
    public void A_damaged_graph_is_refused_by_its_hash_unless_that_is_not_asked_for()
    {
        Damage("model.fp32.onnx");
        var error = Assert.Throws<BadInputException>(() => HoloZeroModel.Load(_exported.Folder));
        Assert.Contains("SHA-256", error.Message);
        HoloZeroModel.Load(_exported.Folder, new() { VerifyHashes = false }).Dispose();
    }

    [Fact]
    public void A_graph_that_does_not_even_load_is_told_by_its_hash()
    {
        File.WriteAllBytes(Path.Combine(_exported.Folder, "model.fp32.onnx"),
            new byte[new FileInfo(Path.Combine(_exported.Folder, "model.fp32.onnx")).Length]);
        Assert.Contains("SHA-256", Assert.Throws<BadInputException>(() => HoloZeroModel.Load(_exported.Folder)).Message);
    }

    [Fact]
    public void Another_variants_damage_does_not_matter_but_a_missing_file_does()
    {
        Damage("model.portable.onnx");
        HoloZeroModel.Load(_exported.Folder).Dispose();
        File.Delete(Path.Combine(_exported.Folder, "model.portable.onnx"));
        Assert.Contains("missing", Assert.Throws<BadInputException>(() => HoloZeroModel.Load(_exported.Folder)).Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(1_000_000)]
    public void How_long_idle_threads_look_for_work_changes_no_bit(int? spin)
    {
        using var usual = HoloZeroModel.Load(_exported.Folder, new() { Threads = 2 });
        using var model = HoloZeroModel.Load(_exported.Folder, new() { Threads = 2, SpinMicroseconds = spin });
        using var expected = usual.OpenSession();
        using var session = model.OpenSession();
        Assert.Equal(expected.Prefill([], "abc"u8).Data.ToArray(), session.Prefill([], "abc"u8).Data.ToArray());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1_000_001)]
    public void What_no_thread_can_spin_is_refused(int spin) => Assert.Contains("spin: ",
        Assert.Throws<BadInputException>(() => HoloZeroModel.Load(_exported.Folder, new() { SpinMicroseconds = spin })).Message);

    [Fact]
    public void A_model_tells_the_window_that_its_artifact_was_made_for()
    {
        using var plain = HoloZeroModel.Load(_exported.Folder);
        Assert.Equal(new(), plain.Window);
        using var exported = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { Window = new(40, 6, 10) });
        using var model = HoloZeroModel.Load(exported.Folder);
        Assert.Equal(new() { StreamBytes = 40, MaxPrefixSlots = 6, KeptStreamBytes = 10 }, model.Window);
        Assert.Contains("stream_bytes 1 is not within 2", Assert.Throws<BadInputException>(() =>
            new ExportedModel(Repository.Golden("tiny.pt"), options: new() { Window = new(1, 6) })).Message);
    }

    [Fact]
    public async Task Loading_tells_how_far_it_is()
    {
        var progress = new Steps(_ => { });
        using var model = await HoloZeroModel.LoadAsync(_exported.Folder, null, progress, TestContext.Current.CancellationToken);
        var bytes = new FileInfo(Path.Combine(_exported.Folder, "model.fp32.onnx")).Length;
        Assert.Equal(new LoadProgress(0, bytes, false), progress.Seen.First());
        Assert.Equal((bytes, true), (progress.Seen.Max(step => step.HashedBytes), progress.Seen.Any(step => step.GraphLoaded)));
        Assert.All(progress.Seen, step => Assert.Equal(bytes, step.TotalBytes));

        var withoutHashes = new Steps(_ => { });
        using var other = await HoloZeroModel.LoadAsync(_exported.Folder, new() { VerifyHashes = false }, withoutHashes,
            TestContext.Current.CancellationToken);
        Assert.Equal([new(0, 0, false), new(0, 0, true)], withoutHashes.Seen);
    }

    [Fact]
    public async Task A_load_that_is_cancelled_on_its_way_gives_no_model()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Steps(_ => cancellation.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            HoloZeroModel.LoadAsync(_exported.Folder, null, progress, cancellation.Token));
        Assert.DoesNotContain(progress.Seen, step => step.GraphLoaded);
        Assert.ThrowsAny<OperationCanceledException>(() => HoloZeroModel.Load(_exported.Folder, null, cancellation.Token));
    }

    private sealed class Steps(Action<LoadProgress> then) : IProgress<LoadProgress>
    {
        private readonly Lock _lock = new();

        public List<LoadProgress> Seen { get; } = [];

        public void Report(LoadProgress value)
        {
            lock (_lock) Seen.Add(value);
            then(value);
        }
    }

    [Fact]
    public void A_model_tells_the_threads_that_its_graph_has_whether_they_were_asked_for_or_not()
    {
        // A number that neither processors nor cores of any machine here are.
        using var unset = HoloZeroModel.Load(_exported.Folder, new(), new ProcessorCores(3, "a test"));
        using var set = HoloZeroModel.Load(_exported.Folder, new() { Threads = 2 }, new ProcessorCores(3, "a test"));
        Assert.Equal((3, 2), (unset.Threads, set.Threads));
        Assert.Equal((3, 2), (unset.Graph.Threads, set.Graph.Threads));

        using var detected = HoloZeroModel.Load(_exported.Folder);
        Assert.Equal(RuntimeReport.Collect().Threads, detected.Threads);
        Assert.Equal(ProcessorCores.Detect().Count, detected.Threads);
    }

    /// <summary>Flips the last bit of a weight, which no parser notices.</summary>
    private void Damage(string name)
    {
        var path = Path.Combine(_exported.Folder, name);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
