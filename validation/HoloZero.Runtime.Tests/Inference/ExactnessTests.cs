using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Runtime.Tests.GoldenParity;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>
/// What variants promise that are exact: a row's logits, bit for bit, whoever is beside it, however many threads compute, and however a
/// prefill is cut into pieces of two rows or more.
/// </summary>
public sealed class ExactnessTests(ExportedSuites suites)
{
    private static readonly byte[] Text = File.ReadAllBytes(Repository.Golden("demo-heldout.txt"));

    public static TheoryData<GoldenSuite, string> Exact { get; } =
        [.. from suite in Suites from variant in Variants select (suite, variant)];

    public static TheoryData<GoldenSuite, string, int> Batches { get; } =
        [.. from suite in Suites from variant in Variants from rows in (int[])[2, 3, 5, 16] select (suite, variant, rows)];

    private static GoldenSuite[] Suites => [GoldenSuite.Tiny, GoldenSuite.Demo];

    private static string[] Variants => ["fp32", "int8", ExportedSuites.Int8Cache];

    [Theory]
    [MemberData(nameof(Exact), DisableDiscoveryEnumeration = true)]
    public void The_manifest_says_so(GoldenSuite suite, string variant) => Assert.True(suites[suite, variant].Variant.Exact);

    [Fact]
    public void It_says_so_of_no_other_variant()
    {
        foreach (var variant in (string[])["int4", "cuda", "cuda-int8", "cuda-int4", "portable"])
            Assert.False(suites[GoldenSuite.Tiny, variant].Variant.Exact);
    }

    [Theory]
    [MemberData(nameof(Batches), DisableDiscoveryEnumeration = true)]
    public void A_row_is_the_same_alone_and_beside_others(GoldenSuite suite, string variant, int rows)
    {
        const int steps = 24;
        var model = suites[suite, variant];
        using var batch = model.OpenBatch(rows);
        DecodingSession[] sessions = [.. Enumerable.Range(0, rows).Select(_ => model.OpenSession())];
        for (var row = 0; row < rows; row++)
        {
            // Neighbours of all lengths, some with a prefix, one without any past.
            var prefix = row % 3 * 8 * model.SlotBytes;
            if (row > 0) sessions[row].Prefill(Text.AsSpan(1000 * row, prefix), Text.AsSpan(1000 * row + prefix, 1 + 37 * row % 200));
            using var snapshot = sessions[row].Snapshot();
            batch.Restore(row, snapshot);
        }

        for (var step = 0; step < steps; step++)
        {
            byte[] next = [.. Enumerable.Range(0, rows).Select(row => Text[777 * row + step])];
            var together = batch.Step(next);
            for (var row = 0; row < rows; row++)
                AssertSame($"step {step}, row {row} of {rows}", sessions[row].Step(next[row]), together.Slice(row * 258, 258));
        }

        foreach (var session in sessions) session.Dispose();
    }

    [Theory]
    [MemberData(nameof(Exact), DisableDiscoveryEnumeration = true)]
    public void Threads_change_nothing(GoldenSuite suite, string variant)
    {
        using var one = HoloZeroModel.Load(suites[suite, variant].Artifact.Path, new() { Threads = 1 });
        using var expected = one.OpenSession();
        foreach (var threads in (int[])[2, 3, one.Artifact.Manifest.Model.Heads])
        {
            using var model = HoloZeroModel.Load(suites[suite, variant].Artifact.Path, new() { Threads = threads });
            using var session = model.OpenSession();
            var prefix = 24 * model.SlotBytes;
            AssertSame($"prefill with {threads} threads", expected.Prefill(Text.AsSpan(0, prefix), Text.AsSpan(prefix, 301)).Data,
                session.Prefill(Text.AsSpan(0, prefix), Text.AsSpan(prefix, 301)).Data);
            for (var step = 0; step < 24; step++)
                AssertSame($"step {step} with {threads} threads", expected.Step(Text[5000 + step]), session.Step(Text[5000 + step]));

            using var batch = model.OpenBatch(16);
            using var batchOfOne = one.OpenBatch(16);
            for (var step = 0; step < 8; step++)
            {
                var next = Text.AsSpan(16 * step, 16);
                AssertSame($"16 rows with {threads} threads", batchOfOne.Step(next), batch.Step(next));
            }
        }
    }

    /// <summary>Far enough on that ONNX Runtime would split a lone row's positions among threads, had it more of them than heads.</summary>
    [Theory]
    [MemberData(nameof(Exact), DisableDiscoveryEnumeration = true)]
    public void A_long_sequence_is_the_same_alone_and_beside_others_with_all_threads(GoldenSuite suite, string variant)
    {
        const int length = 3000;
        using var model = HoloZeroModel.Load(suites[suite, variant].Artifact.Path,
            new() { Threads = suites[suite, variant].Artifact.Manifest.Model.Heads });
        using var alone = model.OpenSession();
        alone.Prefill([], Text.AsSpan(0, length));
        using var batch = model.OpenBatch(2);
        using (var snapshot = alone.Snapshot()) batch.Restore(0, snapshot);
        for (var step = 0; step < 8; step++)
        {
            byte[] next = [Text[length + step], Text[step]];
            AssertSame($"step {step}", alone.Step(next[0]), batch.Step(next)[..258]);
        }
    }

    [Fact]
    public void More_threads_than_heads_are_refused_where_they_would_break_the_promise_and_never_taken_by_themselves()
    {
        var artifact = suites[GoldenSuite.Tiny, "fp32"].Artifact;
        var error = Assert.Throws<BadInputException>(() => HoloZeroModel.Load(artifact.Path, new() { Threads = 5 }));
        Assert.Equal("threads: 5 are more than the model's 4 heads, and with those 'fp32' would not give the same bits alone and beside "
            + "others; choose at most 4", error.Message);
        using var portable = HoloZeroModel.Load(suites[GoldenSuite.Tiny, "portable"].Artifact.Path, new() { Threads = 5 });
        Assert.Equal(5, portable.Threads);
    }

    [Theory]
    [MemberData(nameof(Exact), DisableDiscoveryEnumeration = true)]
    public void A_prefill_may_be_cut_into_pieces_of_two_rows_or_more(GoldenSuite suite, string variant)
    {
        var model = suites[suite, variant];
        var (prefix, length) = (8 * model.SlotBytes, 210);
        var stream = Text.AsSpan(prefix, length);
        using var whole = model.OpenSession();
        var expected = whole.Prefill(Text.AsSpan(0, prefix), stream).Data.ToArray();
        foreach (var piece in (int[])[2, 3, 5, 7, 16, 64])
        {
            using var session = model.OpenSession();
            var done = 0;
            while (done < length)
            {
                // A last row never goes alone.
                var count = length - done <= piece + 1 ? length - done : piece;
                var logits = done == 0 ? session.Prefill(Text.AsSpan(0, prefix), stream[..count])
                    : session.Append(stream.Slice(done, count));
                AssertSame($"rows {done} on in pieces of {piece}", expected.AsSpan(done * 258, count * 258), logits.Data);
                done += count;
            }

            // What is left in the state is the same, too.
            using var fork = whole.Fork();
            for (var step = 0; step < 3; step++) AssertSame($"a step after pieces of {piece}", fork.Step(65), session.Step(65));
        }
    }

    private static void AssertSame(string where, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(actual))) return;
        var (apart, largest) = (0f, 0f);
        for (var i = 0; i < expected.Length; i++)
            (apart, largest) = (Math.Max(apart, Math.Abs(expected[i] - actual[i])), Math.Max(largest, Math.Abs(expected[i])));
        Assert.Fail($"{where}: {apart:g3} apart of {largest:g3}");
    }
}
