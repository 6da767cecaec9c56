using HoloZero.Models;
using HoloZero.Runtime;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>
/// The same prompts through the runtime library that will serve the artifact: state in place with room to spare, bound once. All other
/// checks run the file as anybody else would, with state that is as long as the sequence.
/// </summary>
internal static class RuntimeCheck
{
    private const int Vocabulary = AsymDecConfig.Vocabulary;

    public static IEnumerable<CheckResult> Run(string folder, GraphFile graph, ExecutionProvider provider, Expectations expected,
        Tolerances tolerances, string scope)
    {
        var results = new List<CheckResult>();
        var opened = new TensorMisses();
        HoloZeroModel? model = null;
        Try(opened, graph.Variant.File, () => model = HoloZeroModel.Load(folder, new()
        {
            Variant = graph.Variant.Name,
            Provider = provider,
            VerifyHashes = false,
        }));
        if (model is null) return [new(CheckNames.Runtime, graph.Variant.File, opened, new Dictionary<string, double>()) { Scope = scope }];

        using (model)
        {
            foreach (var test in expected.Cases)
            {
                expected.Cancellation.ThrowIfCancellationRequested();
                var comparison = new LogitsComparison(tolerances);
                Try(comparison.Misses, test.Name, () => Case(model, test, comparison));
                results.Add(comparison.Result(CheckNames.Runtime, test.Name, scope));
            }

            if (graph.Form == GraphForm.Fused)
            {
                var comparison = new LogitsComparison(tolerances);
                Try(comparison.Misses, "batch", () => Batch(model, expected.Cases, comparison));
                results.Add(comparison.Result(CheckNames.Runtime, "rows at different positions", scope));
            }

            if (graph.Variant.Exact && provider == ExecutionProvider.Cpu)
            {
                var misses = new TensorMisses();
                Try(misses, "exactness", () => Exact(folder, model, expected.Cases, misses));
                results.Add(new(CheckNames.Runtime, "rows alone and together, bit for bit", misses, new Dictionary<string, double>())
                {
                    Scope = scope,
                });
            }
        }

        return results;
    }

    /// <summary>As a whole, and from the first byte on in steps.</summary>
    private static void Case(HoloZeroModel model, ExpectedCase test, LogitsComparison comparison)
    {
        using var session = model.OpenSession();
        var whole = Widened(session.Prefill(test.Prefix, test.Given(test.Stream.Length)).Data);
        comparison.Add($"{test.Name}, prefill:", whole, test.Logits, test.Largest);

        var stepwise = new double[test.Logits.Length];
        for (var i = 0; i < test.Stream.Length; i++)
        {
            var row = i == 0 ? session.Prefill(test.Prefix, test.Given(1)).Last : session.Step(test.Stream[i]);
            Widened(row).CopyTo(stepwise, i * Vocabulary);
        }

        comparison.Add($"{test.Name}, steps:", stepwise, test.Logits, test.Largest);
    }

    /// <summary>Cases side by side from their middles on, each row where it stands.</summary>
    private static void Batch(HoloZeroModel model, IReadOnlyList<ExpectedCase> cases, LogitsComparison comparison)
    {
        ExpectedCase[] rows = [.. cases.Where(test => test.Stream.Length > 1).OrderBy(test => test.Rows)];
        if (rows.Length == 0) return;

        using var batch = model.OpenBatch(rows.Length);
        for (var row = 0; row < rows.Length; row++)
        {
            using var session = model.OpenSession();
            session.Prefill(rows[row].Prefix, rows[row].Given(rows[row].Stream.Length / 2));
            using var snapshot = session.Snapshot();
            batch.Restore(row, snapshot);
        }

        // Rows that are at their end go on with zeros, and are looked at no more.
        for (var step = 0; step < rows.Max(test => test.Stream.Length - test.Stream.Length / 2); step++)
        {
            var logits = batch.Step([.. rows.Select(test => test.Stream.ElementAtOrDefault(test.Stream.Length / 2 + step))]);
            for (var row = 0; row < rows.Length; row++)
            {
                var at = rows[row].Stream.Length / 2 + step;
                if (at >= rows[row].Stream.Length) continue;
                comparison.Add($"{rows[row].Name} byte {at}, row {row} of {rows.Length}:",
                    Widened(logits.Slice(row * Vocabulary, Vocabulary)), rows[row].Logits[(at * Vocabulary)..((at + 1) * Vocabulary)],
                    rows[row].Largest);
            }
        }
    }

    /// <summary>What the manifest promises: a row's logits do not depend on its neighbours in a call, nor on threads.</summary>
    private static void Exact(string folder, HoloZeroModel model, IReadOnlyList<ExpectedCase> cases, TensorMisses misses)
    {
        ExpectedCase[] rows = [.. cases.Where(test => test.Stream.Length > 1)];
        var others = model.Threads > 1 ? 1 : Math.Min(2, model.Artifact.Manifest.MostThreads(model.Variant) ?? 2);
        DecodingSession[] alone = [.. rows.Select(_ => model.OpenSession())];
        using var single = HoloZeroModel.Load(folder, new() { Variant = model.Variant.Name, VerifyHashes = false, Threads = others });
        using var session = single.OpenSession();
        using var batch = model.OpenBatch(Math.Max(1, rows.Length));
        for (var row = 0; row < rows.Length; row++)
        {
            var prefix = rows[row].Prefix;
            var stream = rows[row].Given(Math.Max(2, rows[row].Stream.Length / 2));
            Compare($"{rows[row].Name}, {others} and {model.Threads} threads", session.Prefill(prefix, stream).Data,
                alone[row].Prefill(prefix, stream).Data);
            using var snapshot = alone[row].Snapshot();
            batch.Restore(row, snapshot);
        }

        const int steps = 16;
        for (var step = 0; step < steps && rows.Length > 0; step++)
        {
            byte[] next = [.. rows.Select((test, row) => (byte)(test.Stream[step % test.Stream.Length] + row))];
            var logits = batch.Step(next);
            for (var row = 0; row < rows.Length; row++)
            {
                Compare($"{rows[row].Name} step {step}, alone and beside {rows.Length - 1}", logits.Slice(row * Vocabulary, Vocabulary),
                    alone[row].Step(next[row]));
            }
        }

        foreach (var one in alone) one.Dispose();

        void Compare(string where, ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            for (var i = 0; i < a.Length; i++)
            {
                if (BitConverter.SingleToInt32Bits(a[i]) == BitConverter.SingleToInt32Bits(b[i])) continue;
                misses.Add(new($"{where}: [{i / Vocabulary}, {i % Vocabulary}]", GraphCheck.Words(a[i]), GraphCheck.Words(b[i])));
                return;
            }
        }
    }

    private static double[] Widened(ReadOnlySpan<float> logits)
    {
        var values = new double[logits.Length];
        for (var i = 0; i < values.Length; i++) values[i] = logits[i];
        return values;
    }

    /// <summary>Whatever the library makes of a damaged artifact is a miss.</summary>
    private static void Try(TensorMisses misses, string subject, Action run)
    {
        try
        {
            run();
        }
        catch (Exception e) when (e is not OperationCanceledException and not OutOfMemoryException)
        {
            misses.Add(new(subject, $"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}", "a result"));
        }
    }
}
