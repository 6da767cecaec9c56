using System.Diagnostics;
using System.Runtime.InteropServices;
using HoloZero.Models;
using Microsoft.ML.OnnxRuntime;
using static HoloZero.Onnx.TensorProto.Types;
using static HoloZero.Validation.FrontDoorGraph;

namespace HoloZero.Validation;

/// <summary>The parts of <see cref="FrontDoorCheck"/>. Thread-safe.</summary>
internal sealed class FrontDoorExam(FrontDoorGraph graph, int slotBytes, CancellationToken cancellation)
{
    private const int Width = HslFrontDoor.FeatureCount;
    private const int RowBytes = 4096, RowsPerCall = 16, CallBytes = RowBytes * RowsPerCall;
    private const int PairsPerCall = 1024;
    private const int MaxWorkers = 8;

    /// <summary>After so many misses nothing more is to be learned.</summary>
    private const int Enough = 1000;

    /// <summary>What a graph that has it calls the table.</summary>
    public const string ValueTableName = "value_table";

    /// <summary>The table is in the file once, as a float32 initializer, and no other initializer has as many values.</summary>
    public CheckResult ValueTable(OnnxSubgraph model) => Measure("value table", "initializers", model.Graph.Initializer.Count, misses =>
    {
        var elements = HslFrontDoor.ValueTable.Length;
        var tables = model.Contents.Tables.Where(stored => stored.Name == ValueTableName)
            .Select(stored => model.Graph.Initializer.First(i => i.Name == stored.Initializer)).ToArray();
        var alike = model.Graph.Initializer.Where(i => i.Dims.SequenceEqual([256, HslFrontDoor.ValueColumns])
            || i.Dims.SequenceEqual([HslFrontDoor.ValueColumns, 256])).ToArray();
        if (tables.Length != 1) misses.Add($"tables called {ValueTableName}", $"{tables.Length}", "1");
        if (alike.Length != 1) misses.Add("initializers of the table's shape", string.Join(", ", alike.Select(i => i.Name)), "one");
        foreach (var table in tables)
        {
            if (table.DataType == DataType.Float && model.Data(table).Length == elements * sizeof(float))
            {
                misses.Compare(MemoryMarshal.Cast<byte, float>(model.Data(table)), HslFrontDoor.ValueTable.AsSpan(),
                    HslFrontDoor.ValueColumns, value => $"{table.Name}: value {value}");
            }
            else
            {
                misses.Add(table.Name, $"{table.DataType} of {model.Data(table).Length} bytes",
                    $"Float of {elements * sizeof(float)} bytes");
            }
        }
    });

    /// <summary>
    /// Every triple as the continuation of a stream: once inside long rows, whose first bytes have their neighbours in the tail, and once
    /// with the two bytes before always in the tail.
    /// </summary>
    public CheckResult StreamTriples(byte[] ring) => Measure("stream", "triples", TripleSequence.Length, misses =>
        Calls(TripleSequence.Length / CallBytes, misses, call =>
        {
            var start = (long)call * CallBytes;
            var run = Slice(ring, start - 2, CallBytes + 2);
            var expected = Managed(run, misses).AsSpan(2 * Width);
            var bytes = run[2..];
            string Row(string how, int i) => $"{how}: bytes {run[i]}, {run[i + 1]}, {run[i + 2]}";

            using (var rows = graph.Stream(new(bytes, RowBytes, RowsPerCall), Tails(run, RowBytes), position: 1 + start))
                misses.Compare(rows.GetTensorDataAsSpan<float>(), expected, Width, i => Row("inside a call", i));
            using (var steps = graph.Stream(new(bytes, 1, CallBytes), Tails(run, 1), position: 1 + start))
                misses.Compare(steps.GetTensorDataAsSpan<float>(), expected, Width, i => Row("across calls", i));
        }));

    /// <summary>Every triple inside the prefix: runs that overlap by two bytes, wherever slots may begin and end.</summary>
    public CheckResult PrefixTriples(byte[] ring) => Measure("prefix", "triples", TripleSequence.Length, misses =>
    {
        var runBytes = Math.Max(RowBytes / slotBytes, 3) * slotBytes;
        var runs = (TripleSequence.Length + runBytes - 3) / (runBytes - 2);
        Calls((runs + RowsPerCall - 1) / RowsPerCall, misses, call =>
        {
            var (bytes, expected) = (new byte[RowsPerCall * runBytes], new float[RowsPerCall * runBytes * Width]);
            for (var row = 0; row < RowsPerCall; row++)
            {
                var run = Slice(ring, ((long)call * RowsPerCall + row) * (runBytes - 2), runBytes);
                run.CopyTo(bytes, row * runBytes);
                Managed(run, misses).CopyTo(expected, row * runBytes * Width);
            }

            using var actual = graph.Prefix(new(bytes, runBytes, RowsPerCall));
            misses.Compare(actual.GetTensorDataAsSpan<float>(), expected, Width,
                i => $"prefix byte {i % runBytes}, {bytes[i]} after {Convert.ToHexStringLower(bytes.AsSpan(Math.Max(0, i - 2)..i))}");
        });
    });

    /// <summary>
    /// Every pair as the first two bytes of the prefix and of the stream behind it, of a stream alone, and of a stream in two calls.
    /// </summary>
    public CheckResult StartsOfRuns() => Measure("starts of runs", "pairs", 1 << 16, misses =>
        Calls((1 << 16) / PairsPerCall, misses, call =>
        {
            const int slots = 3, streamBytes = 3;
            var pairs = Enumerable.Range(call * PairsPerCall, PairsPerCall).ToArray();
            byte[][] prefixes = [.. pairs.Select(pair => Run(pair, slots * slotBytes))];
            byte[][] streams = [.. pairs.Select(pair => Run(~pair, streamBytes))];
            Batch prefix = Rows(prefixes, bytes => bytes), stream = Rows(streams, bytes => bytes), noPrefix = new([], 1, PairsPerCall);
            Batch first = Rows(streams, bytes => bytes[..1]), second = Rows(streams, bytes => bytes[1..2]);
            var oneByteTail = new Tail(Rows(streams, bytes => [0, bytes[0]]).Bytes, PairsPerCall, Present: 1);

            Compare("prefix and stream", graph.Door(prefix, stream), slots + streamBytes, i =>
                [.. Managed(prefixes[i], misses).Chunk(slotBytes * Width), .. Managed(streams[i], misses).Chunk(Width)]);
            Compare("stream alone", graph.Door(noPrefix, stream), streamBytes, i => Managed(streams[i], misses).Chunk(Width));
            Compare("first byte in a call", graph.Stream(first, NoTail(first), 0), 1,
                i => Managed(streams[i], misses).Chunk(Width).Take(1));
            foreach (var position in (long[])[1, 1 + slots])
            {
                Compare($"second byte in a call at position {position}", graph.Stream(second, oneByteTail, position), 1,
                    i => Managed(streams[i], misses).Chunk(Width).Skip(1).Take(1));
            }

            // Rows of features, padded with zeros to whatever width the graph has.
            void Compare(string how, OrtValue value, int rows, Func<int, IEnumerable<float[]>> features)
            {
                using var disposed = value;
                var actual = value.GetTensorDataAsSpan<float>();
                var width = actual.Length / (PairsPerCall * rows);
                float[][] used = [.. Enumerable.Range(0, PairsPerCall).SelectMany(features)];
                if (used.Any(row => row.Length > width))
                {
                    misses.Add(how, $"rows of {width}", $"rows of {used.Max(row => row.Length)} or more");
                    return;
                }

                var expected = new float[PairsPerCall * rows * width];
                for (var row = 0; row < used.Length; row++) used[row].CopyTo(expected, row * width);
                misses.Compare(actual, expected, width,
                    i => $"{how}: row {i % rows} of prefix {Hex(prefixes[i / rows])}, stream {Hex(streams[i / rows])}");
            }
        }));

    private CheckResult Measure(string part, string unit, double count, Action<MissCollector> check)
    {
        var (misses, watch) = (new MissCollector(), Stopwatch.StartNew());
        check(misses);
        return new(FrontDoorCheck.Name, part, misses.Misses,
            new Dictionary<string, double> { [unit] = count, ["misses"] = misses.Count, ["seconds"] = watch.Elapsed.TotalSeconds });
    }

    private void Calls(int count, MissCollector misses, Action<int> call)
    {
        var workers = Math.Min(MaxWorkers, Environment.ProcessorCount);
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = workers };
        Parallel.For(0, count, options, (i, loop) =>
        {
            call(i);
            if (misses.Count >= Enough) loop.Stop();
        });
    }

    /// <summary>The features that managed code gives, themselves held against the third formulation.</summary>
    private static float[] Managed(byte[] run, MissCollector misses)
    {
        var ids = new int[run.Length];
        for (var i = 0; i < run.Length; i++) ids[i] = run[i];
        var features = HslFrontDoor.Features(ids);
        Span<float> row = stackalloc float[TableFreeFeatures.Columns];
        for (var i = 0; i < run.Length; i++)
        {
            TableFreeFeatures.Write(ids[i], i > 0 ? ids[i - 1] : null, i > 1 ? ids[i - 2] : null, row);
            var managed = features.AsSpan(i * Width, TableFreeFeatures.Columns);
            if (MissCollector.SameBits(managed, row)) continue;
            var bytes = run[Math.Max(0, i - 2)..(i + 1)];
            misses.Compare(managed, row, TableFreeFeatures.Columns, _ => $"managed code: last of bytes {Hex(bytes)}");
        }

        return features;
    }

    private static byte[] Slice(byte[] ring, long start, int count)
    {
        var bytes = new byte[count];
        TripleSequence.Copy(ring, start, bytes);
        return bytes;
    }

    /// <summary>The two bytes before every row of <paramref name="rowBytes"/>, of a run that begins with the first such two.</summary>
    private static Tail Tails(byte[] run, int rowBytes)
    {
        var rows = (run.Length - 2) / rowBytes;
        var tails = new byte[2 * rows];
        for (var row = 0; row < rows; row++) (tails[2 * row], tails[2 * row + 1]) = (run[row * rowBytes], run[row * rowBytes + 1]);
        return new(tails, rows, Present: 2);
    }

    private static Batch Rows(byte[][] runs, Func<byte[], byte[]> part) =>
        new([.. runs.SelectMany(part)], part(runs[0]).Length, runs.Length);

    /// <summary>A run that begins with the two bytes of <paramref name="pair"/> and goes on with others that depend on them.</summary>
    private static byte[] Run(int pair, int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i switch
    {
        0 => pair >> 8,
        1 => pair,
        _ => pair * 31 + (pair >> 8) * 17 + i * 89,
    }))];

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
