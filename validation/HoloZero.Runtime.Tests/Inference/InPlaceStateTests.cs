using HoloZero.Artifacts;
using HoloZero.Exporter;
using HoloZero.Testing;
using Microsoft.ML.OnnxRuntime;

[assembly: AssemblyFixture(typeof(HoloZero.Runtime.Tests.AllVariants))]

namespace HoloZero.Runtime.Tests;

/// <summary>tiny.pt with every variant, exported once.</summary>
public sealed class AllVariants : IDisposable
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"), options: new()
    {
        Variants = ExportOptions.AllVariants,
        CheckedRows = 4,
    });

    public HoloZeroModel Load(string variant, int chunk = 512) =>
        HoloZeroModel.Load(_exported.Folder, new() { Variant = variant, Threads = 1, PrefillChunkBytes = chunk });

    public void Dispose() => _exported.Dispose();
}

/// <summary>What variants promise whose state is written in place: no allocation, room that grows, rows of a batch on their own.</summary>
public sealed class InPlaceStateTests(AllVariants variants)
{
    private static readonly byte[] Text = [.. Enumerable.Range(0, 2000).Select(i => (byte)(i * 37 + i / 7 + 5))];

    public static TheoryData<string> InPlace { get; } = ["fp32", "int8", "int4"];

    [Theory]
    [MemberData(nameof(InPlace))]
    public void A_step_allocates_nothing(string variant)
    {
        using var model = variants.Load(variant);
        using var session = model.OpenSession();
        var sampler = new ByteSampler(new() { Temperature = 0.8f, TopP = 0.9f, Seed = 1 });
        session.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8, 8));
        var next = 1;
        for (var i = 0; i < 50; i++) next = sampler.Sample(session.Step((byte)next));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 300; i++) next = sampler.Sample(session.Step((byte)next));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [MemberData(nameof(InPlace))]
    public void A_step_of_a_batch_allocates_nothing(string variant)
    {
        using var model = variants.Load(variant);
        using var batch = model.OpenBatch(3);
        for (var i = 0; i < 50; i++) batch.Step(Text.AsSpan(i, 3));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 300; i++) batch.Step(Text.AsSpan(i, 3));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_sequence_outgrows_its_buffers_and_goes_on()
    {
        using var portable = variants.Load("portable");
        using var expected = portable.OpenSession();
        using var model = variants.Load("fp32");
        using var session = model.OpenSession();
        var all = expected.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8)).Data.ToArray();

        // Steps across the first border, a piece across the second.
        session.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8, 500));
        for (var i = 500; i < 520; i++) AssertRow(i, session.Step(Text[8 + i]));
        session.Append(Text.AsSpan(8 + 520, 1000));
        for (var i = 1520; i < 1530; i++) AssertRow(i, session.Step(Text[8 + i]));

        void AssertRow(int row, ReadOnlySpan<float> logits) => Assert.Null(TensorComparison.Mismatch($"row {row}", logits,
            (ReadOnlySpan<float>)all.AsSpan(row * ByteVocabulary.Size, ByteVocabulary.Size), 2e-5));
    }

    [Fact]
    public void Snapshots_are_not_written_to_by_the_session_they_are_of()
    {
        using var model = variants.Load("fp32");
        using var session = model.OpenSession();
        session.Prefill([], Text.AsSpan(0, 600));
        using var snapshot = session.Snapshot();
        var first = session.Step(7).ToArray();
        for (var i = 0; i < 40; i++) session.Step(Text[i]);
        session.Restore(snapshot);
        Assert.Equal(600, session.Position);
        Assert.Equal(first, session.Step(7).ToArray());
        using var fork = session.Fork();
        Assert.Equal(session.Step(9).ToArray(), fork.Step(9).ToArray());
    }

    [Theory]
    [MemberData(nameof(InPlace))]
    public void Rows_of_a_batch_are_sequences_of_their_own(string variant)
    {
        using var model = variants.Load(variant);
        using var batch = model.OpenBatch(4);
        DecodingSession[] sessions = [.. Enumerable.Range(0, 4).Select(_ => model.OpenSession())];
        for (var row = 0; row < 3; row++)
        {
            sessions[row].Prefill(Text.AsSpan(0, 2 * row), Text.AsSpan(100 * row, 3 + 250 * row));
            using var snapshot = sessions[row].Snapshot();
            batch.Restore(row, snapshot);
        }

        for (var i = 0; i < 20; i++)
        {
            // One of them starts anew on the way.
            if (i == 10)
            {
                sessions[1].Prefill([], [9, 8, 7]);
                using var snapshot = sessions[1].Snapshot();
                batch.Restore(1, snapshot);
            }

            byte[] next = [.. Enumerable.Range(0, 4).Select(row => Text[31 * row + i])];
            // Rounding activations to 8 bits turns differences in the order of sums into whole steps of rounding.
            var logits = batch.Step(next).ToArray();
            for (var row = 0; row < 4; row++)
            {
                Assert.Null(TensorComparison.Mismatch($"step {i}, row {row}", (ReadOnlySpan<float>)logits.AsSpan(row * 258, 258),
                    sessions[row].Step(next[row]), variant == "fp32" ? 1e-5 : 0.05));
                Assert.Equal(sessions[row].Position, batch.Position(row));
            }
        }

        foreach (var session in sessions) session.Dispose();
    }

    [Fact]
    public void A_batch_refuses_what_it_cannot_do()
    {
        using var portable = variants.Load("portable");
        Assert.Contains("portable", Assert.Throws<MissingCapabilityException>(() => portable.OpenBatch(2)).Message);
        using var model = variants.Load("fp32");
        Assert.Throws<ArgumentOutOfRangeException>(() => model.OpenBatch(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.OpenBatch(DecodingBatch.MaxRows + 1));
        using var session = portable.OpenSession();
        using var stranger = session.Snapshot();
        var batch = model.OpenBatch(2);
        Assert.Throws<ArgumentException>(() => { batch.Step([1]); });
        Assert.Throws<ArgumentException>(() => batch.Restore(0, stranger));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Restore(2, stranger));
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { batch.Step([1, 2]); });
    }

    [Fact]
    public void A_sequence_beyond_the_rotary_tables_is_refused_and_leaves_the_session_as_it_was()
    {
        using var model = variants.Load("fp32", chunk: 4096);
        using var session = model.OpenSession();
        using var untouched = model.OpenSession();
        session.Prefill([], Text);
        untouched.Prefill([], Text);
        var limit = model.Variant.MaxPositions!.Value;

        var error = Assert.Throws<BadInputException>(() => { session.Append(new byte[limit - 1999]); });
        Assert.Contains($"{limit + 1:N0}", error.Message);
        Assert.Throws<BadInputException>(() => { session.Prefill(new byte[8], new byte[limit - 3]); });
        Assert.Equal(untouched.Step(3).ToArray(), session.Step(3).ToArray());

        session.Append(new byte[limit - 2001]);
        Assert.Equal(limit, session.Position);
        Assert.Throws<BadInputException>(() => { session.Step(1); });
        Assert.Equal(limit, session.Position);
    }

    [Fact]
    public void A_step_that_fails_half_way_leaves_nothing_that_could_be_mistaken_for_a_state()
    {
        using var model = variants.Load("fp32");
        using var untouched = model.Graph.States.Rent(8);
        using var state = model.Graph.States.Rent(8);
        using var options = new RunOptions();
        using var stopped = new RunOptions { Terminate = true };
        var expected = untouched.Step(options, 1).ToArray();

        Assert.Throws<UnsoundModelException>(() => { state.Step(stopped, 1); });
        Assert.Throws<InvalidOperationException>(() => { state.Step(options, 1); });
        Assert.Throws<InvalidOperationException>(() => state.Copy());
        state.Reset();
        Assert.Equal(expected, state.Step(options, 1).ToArray());

        state.Mark();
        var second = untouched.Step(options, 2).ToArray();
        Assert.Throws<UnsoundModelException>(() => { state.Step(stopped, 2); });
        state.Rollback();
        Assert.Equal(second, state.Step(options, 2).ToArray());
    }
}
