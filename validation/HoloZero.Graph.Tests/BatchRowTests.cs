using FsCheck;
using FsCheck.Fluent;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;
using Microsoft.FSharp.Core;

namespace HoloZero.Graph.Tests;

/// <summary>The rows of a batch do not see each other: each gives what it gives alone, logits and state, over several calls.</summary>
public sealed class BatchRowTests(TinyArtifacts tiny)
{
    /// <summary>
    /// Float32: other batch sizes take other kernels with sums in another order, which moves what tiny computes by up to about 3e-6,
    /// relative to the largest of a tensor; S sums over positions and grows with them. Another row's bytes move it by more than 1e-2.
    /// </summary>
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData(PrefixAttention.Causal, "portable", 31)]
    [InlineData(PrefixAttention.Bidirectional, "portable", 32)]
    [InlineData(PrefixAttention.Causal, "fp32", 33)]
    [InlineData(PrefixAttention.Bidirectional, "fp32", 34)]
    public void A_row_of_a_batch_is_what_it_is_alone(PrefixAttention attention, string variant, ulong seed)
    {
        var artifact = ArtifactFolder.Open(tiny.Folder(attention));
        using var graph = new RawGraph(tiny.Graph(attention, variant), artifact.Variant(variant).Signature);

        // Fused graphs continue a batch by one row in each call: GroupQueryAttention takes no more after earlier ones.
        var later = variant == "portable" ? Gen.Choose(1, 9) : Gen.Constant(1);
        var batches =
            from rows in Gen.Choose(2, 6)
            from prefixBytes in Gen.Choose(0, 6).Select(slots => slots * artifact.Manifest.Model.SlotBytes)
            from first in Gen.Choose(1, 9)
            from more in later.ArrayOf(2)
            let calls = (int[])[first, .. more]
            from bytes in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(rows * (prefixBytes + calls.Sum()))
            select new Batch(rows, prefixBytes, calls, bytes);
        var replay = new Replay(new Rnd(seed), FSharpOption<int>.None);
        Prop.ForAll(batches.ToArbitrary(), batch => AssertRowsAlone(graph, batch)).Check(Config.QuickThrowOnFailure
            .WithQuietOnSuccess(true).WithMaxTest(40).WithReplay(FSharpOption<Replay>.Some(replay)));
    }

    private static void AssertRowsAlone(RawGraph graph, Batch batch)
    {
        var together = Sequence(graph, [.. Enumerable.Range(0, batch.Rows).Select(batch.Row)], batch);
        for (var row = 0; row < batch.Rows; row++)
        {
            var alone = Sequence(graph, [batch.Row(row)], batch);
            foreach (var (name, (values, perBatch)) in together)
            {
                var (expected, _) = alone[name];
                var actual = perBatch ? values.AsSpan(row * expected.Length, expected.Length) : values;
                var scale = Math.Max(1, expected.Max(Math.Abs));
                Assert.Null(TensorComparison.Mismatch<double, double>($"{name} of row {row}", actual, expected, Tolerance * scale));
            }
        }
    }

    /// <summary>Every output of every call over rows of bytes that run side by side.</summary>
    private static Dictionary<string, (double[] Values, bool PerBatch)> Sequence(RawGraph graph, byte[][] rows, Batch batch)
    {
        var outputs = new Dictionary<string, (double[], bool)>();
        var state = graph.Fresh(rows.Length);
        var done = batch.PrefixBytes;
        for (var call = 0; call < batch.Calls.Length; call++)
        {
            var prefix = call == 0 ? rows.Select(bytes => bytes[..batch.PrefixBytes]) : rows.Select(_ => Array.Empty<byte>());
            var stream = rows.Select(bytes => bytes[done..(done + batch.Calls[call])]);
            var results = graph.Run([.. prefix], [.. stream], state);
            foreach (var value in state) value.Dispose();
            foreach (var (name, value) in graph.Outputs.Zip(results))
                outputs[$"call {call}: {name}"] = (RawGraph.Widen(value), value.GetTensorTypeAndShape().DimensionsCount > 0);
            results[0].Dispose();
            state = results[1..];
            done += batch.Calls[call];
        }

        foreach (var value in state) value.Dispose();
        return outputs;
    }

    /// <summary>Sequences of equal length: prefix, then the stream bytes of each call.</summary>
    public sealed record Batch(int Rows, int PrefixBytes, int[] Calls, byte[] Bytes)
    {
        public byte[] Row(int row) => Bytes.AsSpan(row * (Bytes.Length / Rows), Bytes.Length / Rows).ToArray();

        public override string ToString() =>
            $"{Rows} rows of {PrefixBytes} prefix bytes and {string.Join(" + ", Calls)} stream bytes: {Convert.ToHexStringLower(Bytes)}";
    }
}
