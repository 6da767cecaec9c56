using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>
/// States in memory that the host does not touch, with the processor's allocator in a device's place: the same bits as in the host's own,
/// though nothing that is copied is there before somebody waits for it.
/// </summary>
public sealed class DeviceStateTests : IDisposable
{
    private readonly ExportedModel _model = new(Repository.Golden("tiny.pt"),
        options: new() { Variants = ["fp32", "cuda", "cuda-int4"] });

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("fp32")]
    [InlineData("cuda")]
    [InlineData("cuda-int4")]
    public void A_sequence_is_the_same_on_a_device(string variant)
    {
        var copies = new LateCopies();
        using var host = Load(variant, null);
        using var device = Load(variant, copies);
        Assert.All(host.StateMemories, memory => Assert.True(memory.IsHost));
        Assert.All(device.StateMemories, memory => Assert.False(memory.IsHost));
        Assert.False(device.StreamMemory.IsHost);

        Assert.Equal(Sequence(host), Sequence(device));
        Assert.True(copies.Written > 0);
        Assert.Equal(0, copies.Waiting);
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("cuda")]
    [InlineData("cuda-int4")]
    public void Rows_of_a_block_are_the_same_on_a_device(string variant)
    {
        using var host = Load(variant, null);
        using var device = Load(variant, new LateCopies());
        Assert.Equal(Block(host), Block(device));
    }

    [Fact]
    public void A_step_takes_one_byte_a_row_to_the_device_and_no_state()
    {
        var copies = new LateCopies();
        using var graph = Load("cuda", copies);
        using var options = OnnxEnvironment.NewRunOptions();
        using var block = graph.States.RentBlock(3, 8);
        block.Step(options, "abc"u8);
        var (written, copied) = (copies.Written, copies.Copied);
        block.Step(options, "def"u8);
        Assert.Equal(3, copies.Written - written);
        // Positions and tails come out beside where they go in: 8 and 2 x 4 bytes a row.
        Assert.Equal(3 * (8 + 2 * 4), copies.Copied - copied);
    }

    [Fact]
    public void What_outlives_its_graph_may_still_be_disposed()
    {
        var graph = Load("fp32", new LateCopies());
        var state = graph.States.Rent(4);
        graph.Dispose();
        state.Dispose();
    }

    [Fact]
    public void The_budget_of_states_is_of_the_memory_that_they_lie_in()
    {
        const long gib = 1L << 30;
        var ofWeights = ArtifactFolder.Open(_model.Folder, verifyHashes: false).Variant("cuda").WeightBytes!.Value;
        var host = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;
        Assert.Equal(host, Budget(new(), null));
        Assert.Equal(6 * gib, Budget(new(), new LateCopies { Free = 8 * gib }));
        Assert.Equal((2 * gib - ofWeights) / 4 * 3, Budget(new() { DeviceMemoryBytes = 2 * gib }, new LateCopies { Free = 8 * gib }));
        Assert.Equal((gib - ofWeights) / 4 * 3, Budget(new()
        {
            Provider = ExecutionProvider.Cuda,
            DeviceMemoryBytes = 2 * gib,
            ProviderOptions = new Dictionary<string, string> { ["gpu_mem_limit"] = $"{gib}" },
        }, new LateCopies { Free = 8 * gib }));
        Assert.Equal(0, Budget(new() { DeviceMemoryBytes = 1 << 20 }, new LateCopies { Free = 8 * gib }, weights: 1 << 21));
        Assert.Equal(7, Budget(new() { MaxStateBytes = 7, DeviceMemoryBytes = 2 * gib }, new LateCopies { Free = null }));

        using var graph = Load("cuda", new LateCopies { Free = 4 << 20 });
        Assert.Equal(3 << 20, graph.States.BudgetBytes);
        var error = Assert.Throws<MissingCapabilityException>(() => graph.States.RentBlock(64, 8192));
        Assert.Contains("exceed the 3,145,728 that all sequences may take", error.Message, StringComparison.Ordinal);

        long Budget(ModelOptions options, LateCopies? copies, long? weights = null) =>
            StateBudget.Of(options, copies, weights ?? ofWeights);
    }

    [Fact]
    public void A_device_that_does_not_tell_its_memory_is_not_guessed_at()
    {
        var error = Assert.Throws<MissingCapabilityException>(() => Load("cuda", new LateCopies { Free = null }));
        Assert.Equal("this device does not tell; limit its memory", error.Message);
        using var limited = Load("cuda", new LateCopies { Free = null }, new() { DeviceMemoryBytes = 1 << 30 });
        Assert.InRange(limited.States.BudgetBytes, 1 << 29, 1 << 30);
    }

    private OnnxGraph Load(string variant, IDeviceCopies? copies, ModelOptions? options = null)
    {
        var artifact = ArtifactFolder.Open(_model.Folder, verifyHashes: false);
        using var session = OnnxEnvironment.NewSessionOptions();
        session.IntraOpNumThreads = 1;
        return OnnxGraph.Load(artifact, artifact.Variant(variant), (options ?? new()) with { Speculation = false }, ExecutionProvider.Cpu,
            session, copies, TestContext.Current.CancellationToken);
    }

    /// <summary>Everything that a state can do, and the logits of it.</summary>
    private static List<float> Sequence(OnnxGraph graph)
    {
        var logits = new List<float>();
        using var options = OnnxEnvironment.NewRunOptions();
        using var state = graph.States.Rent(2);
        Advance(state, "abcd"u8, "In the"u8);
        logits.AddRange(state.Step(options, (byte)'b'));
        state.Mark();
        Advance(state, [], "egin"u8);
        state.Rollback();
        logits.AddRange(state.Step(options, (byte)'e'));
        using (var copy = state.Copy())
        {
            for (var i = 0; i < 40; i++) logits.AddRange(copy.Step(options, (byte)(i + 60)));
            state.CopyFrom(copy);
        }

        logits.AddRange(state.Step(options, (byte)'x'));
        state.Reset();
        Advance(state, [], "a"u8);
        logits.AddRange(state.Step(options, (byte)'y'));
        return logits;

        void Advance(IDecoderState of, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream)
        {
            var rows = new float[stream.Length * ByteVocabulary.Size];
            of.Advance(options, prefix, stream, rows, CancellationToken.None);
            logits.AddRange(rows);
        }
    }

    private static List<float> Block(OnnxGraph graph)
    {
        var logits = new List<float>();
        using var options = OnnxEnvironment.NewRunOptions();
        using var block = graph.States.RentBlock(3, 6);
        foreach (var (row, text) in new[] { "In", "the begin", "ning" }.Index())
        {
            using var state = graph.States.Rent(1);
            state.Advance(options, [], System.Text.Encoding.ASCII.GetBytes(text), new float[text.Length * ByteVocabulary.Size],
                CancellationToken.None);
            block.Put(row, state);
        }

        logits.AddRange(block.Step(options, "abc"u8));
        block.Move(2, 0);
        for (var i = 0; i < 20; i++) logits.AddRange(block.Step(options, [(byte)i, (byte)(2 * i)]));
        using var taken = block.Take(1);
        logits.AddRange(taken.Step(options, 7));
        block.Clear();
        logits.AddRange(block.Step(options, "xyz"u8));
        return logits;
    }

    /// <summary>A device's worst: nothing happens before somebody waits for it.</summary>
    private sealed class LateCopies : IDeviceCopies
    {
        private readonly Queue<Action> _waiting = new();

        public long Written { get; private set; }

        public long Copied { get; private set; }

        public int Waiting => _waiting.Count;

        /// <summary>Null does not tell.</summary>
        public long? Free { get; init; } = 1L << 30;

        public long FreeBytes() => Free ?? throw new MissingCapabilityException("this device does not tell", "limit its memory");

        public void Copy(nint to, long toStride, nint from, long fromStride, long bytes, long count)
        {
            Copied += bytes * count;
            _waiting.Enqueue(() =>
            {
                var piece = new byte[bytes];
                for (var i = 0L; i < count; i++)
                {
                    Marshal.Copy(from + (nint)(i * fromStride), piece, 0, piece.Length);
                    Marshal.Copy(piece, 0, to + (nint)(i * toStride), piece.Length);
                }
            });
        }

        public void Write(nint to, ReadOnlySpan<byte> bytes)
        {
            Written += bytes.Length;
            var held = bytes.ToArray();
            _waiting.Enqueue(() => Marshal.Copy(held, 0, to, held.Length));
        }

        public void Clear(nint to, long bytes) => _waiting.Enqueue(() => Marshal.Copy(new byte[bytes], 0, to, (int)bytes));

        public void Finish()
        {
            while (_waiting.TryDequeue(out var action)) action();
        }
    }
}
