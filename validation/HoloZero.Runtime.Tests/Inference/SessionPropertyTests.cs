using FsCheck;
using FsCheck.Fluent;
using HoloZero.Models;
using HoloZero.Testing;
using Microsoft.FSharp.Core;

[assembly: AssemblyFixture(typeof(TinyArtifacts))]

namespace HoloZero.Runtime.Tests;

/// <summary>Sessions as properties over generated scripts, from fixed seeds: a failing script is shrunk and printed.</summary>
public sealed class SessionPropertyTests(TinyArtifacts tiny)
{
    private const int WholeSequence = 1 << 20;

    public static TheoryData<PrefixAttention, string, int, ulong> Models { get; } = new()
    {
        { PrefixAttention.Causal, "portable", 2, 11 },
        { PrefixAttention.Causal, "portable", 3, 12 },
        { PrefixAttention.Causal, "portable", 512, 13 },
        { PrefixAttention.Bidirectional, "portable", 2, 14 },
        { PrefixAttention.Bidirectional, "portable", 7, 15 },
        { PrefixAttention.Bidirectional, "portable", 512, 16 },
        { PrefixAttention.Causal, "fp32", 2, 17 },
        { PrefixAttention.Causal, "fp32", 3, 18 },
        { PrefixAttention.Causal, "fp32", 512, 19 },
        { PrefixAttention.Bidirectional, "fp32", 2, 20 },
        { PrefixAttention.Bidirectional, "fp32", 7, 22 },
        { PrefixAttention.Bidirectional, "fp32", 512, 23 },
    };

    public static TheoryData<string> Variants { get; } = ["fp32", "portable"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_script_of_calls_snapshots_and_forks_gives_the_logits_of_the_whole_sequence(
        PrefixAttention attention, string variant, int chunk, ulong seed)
    {
        using var model = Load(attention, variant, chunk);
        using var whole = Load(attention, variant, WholeSequence);
        Check(Prop.ForAll(SessionScript.Scripts(), script => new SessionScript(model, whole).Run(script)), seed, 60);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Any_split_of_a_byte_string_gives_the_logits_of_the_whole(PrefixAttention attention, string variant, int chunk, ulong seed)
    {
        using var model = Load(attention, variant, chunk);
        using var whole = Load(attention, variant, WholeSequence);
        var bytes = ArbMap.Default.ArbFor<byte[]>();
        var cuts = ArbMap.Default.ArbFor<NonNegativeInt[]>();
        Check(Prop.ForAll(bytes, cuts, (text, at) =>
        {
            byte[] stream = [1, .. text];
            int[] borders = [.. at.Select(cut => 1 + cut.Get % stream.Length).Append(stream.Length).Distinct().Order()];
            var slots = borders[0] % (stream.Length / model.SlotBytes + 1);
            var prefix = stream[..(slots * model.SlotBytes)];
            using var oracle = whole.OpenSession();
            using var session = model.OpenSession();
            var expected = oracle.Prefill(prefix, stream);
            var start = 0;
            foreach (var end in borders)
            {
                var piece = stream.AsSpan(start, end - start);
                var actual = start == 0 ? session.Prefill(prefix, piece) : session.Append(piece);
                Assert.Null(TensorComparison.Mismatch($"bytes {start} to {end}", actual.Data,
                    expected.Data[(start * model.Vocabulary)..(end * model.Vocabulary)], SessionScript.Tolerance));
                start = end;
            }
        }), seed, 60);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Sessions_on_many_threads_do_not_disturb_each_other(string variant)
    {
        using var model = Load(PrefixAttention.Causal, variant, 5);
        using var whole = Load(PrefixAttention.Causal, variant, WholeSequence);
        var scripts = SessionScript.Scripts().Generator.Sample(24, new Rnd(21), 40);
        var cancellation = TestContext.Current.CancellationToken;
        await Parallel.ForEachAsync(scripts, new ParallelOptions
        {
            MaxDegreeOfParallelism = 8,
            CancellationToken = cancellation,
        }, (script, _) =>
        {
            new SessionScript(model, whole).Run(script);
            return ValueTask.CompletedTask;
        });
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Threads_may_share_a_snapshot_and_let_go_of_it_in_any_order(string variant)
    {
        using var model = Load(PrefixAttention.Causal, variant, 512);
        byte[] prompt = [.. Enumerable.Range(0, 40).Select(i => (byte)(i * 7))];
        using var origin = model.OpenSession();
        origin.Prefill(prompt.AsSpan(0, 8), prompt.AsSpan(8));
        var snapshot = origin.Snapshot();
        var expected = origin.Step(42).ToArray();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForAsync(0, 200, options, (i, _) =>
        {
            using var session = model.OpenSession();
            session.Restore(snapshot);
            using var fork = session.Fork();
            if (i % 2 == 0) session.Dispose();
            Assert.Null(TensorComparison.Mismatch<float, float>($"fork {i}", fork.Step(42), expected, SessionScript.Tolerance));
            return ValueTask.CompletedTask;
        });
        snapshot.Dispose();
        Assert.Throws<ObjectDisposedException>(() => origin.Restore(snapshot));
    }

    private HoloZeroModel Load(PrefixAttention attention, string variant, int chunk) =>
        HoloZeroModel.Load(tiny.Folder(attention), new() { Variant = variant, PrefillChunkBytes = chunk, Threads = 1 });

    private static void Check(Property property, ulong seed, int tests) => property.Check(Config.QuickThrowOnFailure
        .WithQuietOnSuccess(true).WithMaxTest(tests).WithEndSize(40)
        .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None))));
}
