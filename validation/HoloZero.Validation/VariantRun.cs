using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.Validation.Checks;
using HoloZero.Validation.Goldens;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation;

/// <summary>What every variant is compared with.</summary>
/// <param name="Config">The network.</param>
/// <param name="Reference">The float64 reference; null where it cannot run.</param>
/// <param name="Cases">Prompts with what is expected of them.</param>
/// <param name="HeldOut">Held-out text, if any.</param>
/// <param name="Cancellation">Stops everything.</param>
internal sealed record Expectations(AsymDecConfig Config, ReferenceModel? Reference, IReadOnlyList<ExpectedCase> Cases, HeldOut? HeldOut,
    CancellationToken Cancellation)
{
    /// <summary>
    /// The published logits of each case, where <see cref="Cases"/> are those of weights that were rounded; null where these are they.
    /// </summary>
    public IReadOnlyList<double[]>? Published { get; private init; }

    /// <summary>What a graph should compute whose weights were rounded to these.</summary>
    public Expectations With(ReferenceModel reference) => this with
    {
        Reference = reference,
        Published = [.. Cases.Select(test => test.Logits)],
        Cases = [.. Cases.Select(test =>
        {
            Cancellation.ThrowIfCancellationRequested();
            var output = reference.Forward(test.Prefix, test.Stream);
            var golden = test.Golden with { Logits = null, BitsPerByte = null, Trace = new Dictionary<string, double[]>() };
            return new ExpectedCase(golden, test.SlotBytes, output.Logits.Data, output, test.Greedy);
        })],
    };
}

/// <summary>Runs one variant on one provider and compares everything that it computes.</summary>
internal sealed class VariantRun
{
    private const int Vocabulary = AsymDecConfig.Vocabulary;
    private const int PieceBytes = 7;
    private const int SampledLogits = 1500;

    private readonly GraphFile _graph;
    private readonly ExecutionProvider _computes;
    private readonly Expectations _expected;
    private readonly Tolerances _tolerances;
    private readonly List<CheckResult> _results = [];
    private readonly List<double[]> _whole = [];
    private readonly List<double[]> _stepwise = [];
    private readonly List<LogitPair> _sample = [];
    private readonly List<InputLogits> _logits = [];
    private readonly List<(double Bits, int Bytes)> _spent = [];

    private VariantRun(GraphFile graph, ExecutionProvider provider, ExecutionProvider computes, Expectations expected)
    {
        (_graph, _computes, _expected) = (graph, computes, expected);
        _tolerances = Tolerances.For(graph.Variant.Precision, expected.Config);
        Scope = $"{graph.Variant.Name} on {provider}";
    }

    /// <summary>Variant and provider.</summary>
    public string Scope { get; }

    /// <summary>Runs every check; a graph that does not run fails them.</summary>
    /// <param name="folder">The artifact.</param>
    /// <param name="graph">The variant's graph.</param>
    /// <param name="provider">The provider that the results are of.</param>
    /// <param name="computes">What computes: the same, but in tests.</param>
    /// <param name="expected">What is expected.</param>
    /// <param name="comparison">Takes the logits.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (IReadOnlyList<CheckResult> Results, ScopeMeasurements Measurements) Run(string folder, GraphFile graph,
        ExecutionProvider provider, ExecutionProvider computes, Expectations expected, ProviderComparison comparison)
    {
        var run = new VariantRun(graph, provider, computes, expected);
        try
        {
            using var runner = GraphRunner.Load(graph.Path, graph.Variant, computes);
            run.Sequences(runner);
            run.HeldOutText(runner);
        }
        catch (GraphFailure e)
        {
            run._results.Add(new(CheckNames.Structure, $"{graph.Variant.File} in ONNX Runtime",
                [new(graph.Variant.File, e.Message, "a graph that runs")],
                new Dictionary<string, double>())
            { Scope = run.Scope });
        }

        run.Blocks();
        run._results.AddRange(RuntimeCheck.Run(folder, graph, computes, expected, run._tolerances, run.Scope));
        comparison.Add(graph.Variant.Name, provider, run.Scope, run._logits);
        return (run._results, new(run.Scope, [Curve("whole", run._whole), Curve("byte by byte", run._stepwise)], run._sample));
    }

    private void Sequences(GraphRunner runner)
    {
        var state = new StateComparison(_expected.Config, _graph, _tolerances);
        var bits = new TensorMisses();
        var rounding = _expected.Published is null ? null : new RoundingCheck(_tolerances);
        var total = _expected.Cases.Sum(test => (long)test.Logits.Length);
        foreach (var (test, published) in _expected.Cases.Zip(_expected.Published ?? [.. _expected.Cases.Select(test => test.Logits)]))
        {
            _expected.Cancellation.ThrowIfCancellationRequested();
            Whole(runner, test, state, bits, (int)(total / SampledLogits) + 1, actual => rounding?.Add(test.Name, actual, published));
            InPieces(runner, test, 1, state);
            if (test.Stream.Length > PieceBytes) InPieces(runner, test, PieceBytes, state);
            if (test.Greedy is not null)
                _results.Add(GreedyCheck.Run(runner, test, Tolerances.Tie(_tolerances.Published(published.Max(Math.Abs))), Scope));
        }

        if (_expected.Reference is { } reference) SideBySide(runner, reference);
        _results.AddRange(state.Results(Scope));
        if (rounding is not null) _results.Add(rounding.Result(Scope));
        var metrics = Metrics(bits);
        if (_spent.Count > 0) metrics[ProviderComparison.BitsMetric] = _spent.Sum(spent => spent.Bits) / _spent.Sum(spent => spent.Bytes);
        _results.Add(new(CheckNames.BitsPerByte, "prompts", bits, metrics) { Scope = Scope, Worst = bits.Worst });
    }

    private void Whole(GraphRunner runner, ExpectedCase test, StateComparison state, TensorMisses bits, int stride,
        Action<double[]> alsoCompare)
    {
        var comparison = new LogitsComparison(_tolerances);
        Try(comparison.Misses, test.Name, () =>
        {
            using var output = runner.Run(test.Prefix, test.Stream);
            var actual = Values(output.Logits, 1, test.Stream.Length);
            comparison.Add(test.Name, actual, test.Logits, test.Largest);
            _logits.Add(new($"{test.Name}, whole", actual));
            alsoCompare(actual);
            state.Add($"{test.Name}, whole:", output, test);
            for (var i = _sample.Count % stride; i < actual.Length; i += stride) _sample.Add(new(test.Logits[i], actual[i]));
            if (test.Stream.Length > 1) Bits(bits, test, actual);
        });
        _whole.Add([.. comparison.Shares]);
        _results.Add(comparison.Result(CheckNames.Logits, test.Name, Scope));
    }

    private void InPieces(GraphRunner runner, ExpectedCase test, int pieceBytes, StateComparison state)
    {
        var comparison = new LogitsComparison(_tolerances);
        var subject = pieceBytes == 1 ? test.Name : $"{test.Name}, pieces of {pieceBytes}";
        Try(comparison.Misses, subject, () =>
        {
            GraphOutput? output = null;
            try
            {
                var actual = new double[test.Logits.Length];
                for (var done = 0; done < test.Stream.Length; done += pieceBytes)
                {
                    var piece = test.Stream.AsSpan(done, Math.Min(pieceBytes, test.Stream.Length - done));
                    var next = runner.Run(done == 0 ? test.Prefix : [], piece, output);
                    output?.Dispose();
                    output = next;
                    Values(output.Logits, 1, piece.Length).CopyTo(actual, done * Vocabulary);
                }

                comparison.Add(subject, actual, test.Logits, test.Largest);
                if (pieceBytes == 1) _logits.Add(new($"{test.Name}, byte by byte", actual));
                state.Add($"{subject}, {(pieceBytes == 1 ? "byte by byte" : "piecewise")}:", output!, test);
            }
            finally
            {
                output?.Dispose();
            }
        });
        if (pieceBytes == 1) _stepwise.Add([.. comparison.Shares]);
        _results.Add(comparison.Result(CheckNames.LogitsStepwise, subject, Scope));
    }

    /// <summary>Two different sequences in one batch: neither may notice the other.</summary>
    private void SideBySide(GraphRunner runner, ReferenceModel reference)
    {
        var test = _expected.Cases.Where(test => test.Stream.Length > 1).OrderBy(test => Math.Abs(test.Rows - 150)).FirstOrDefault()
            ?? _expected.Cases[0];
        var (prefix, stream) = (test.Prefix.Reverse().ToArray(), test.Stream.Reverse().ToArray());
        var other = reference.Forward(prefix, stream).Logits.Data;
        var comparison = new LogitsComparison(_tolerances);
        var subject = $"{test.Name}, batch of 2";
        Try(comparison.Misses, subject, () =>
        {
            using var output = runner.Run([.. test.Prefix, .. prefix], [.. test.Stream, .. stream], batch: 2);
            var actual = Values(output.Logits, 2, stream.Length);
            comparison.Add($"{subject}, first:", actual[..test.Logits.Length], test.Logits, test.Largest);
            comparison.Add($"{subject}, second (reversed):", actual[test.Logits.Length..], other, other.Max(Math.Abs));
        });
        _results.Add(comparison.Result(CheckNames.Logits, subject, Scope));
    }

    private void Bits(TensorMisses misses, ExpectedCase test, double[] actual)
    {
        var count = test.Stream.Length - 1;
        var expected = test.Golden.BitsPerByte ?? Probability.Bits(test.Logits, test.Stream) / count;
        _spent.Add((Probability.Bits(actual, test.Stream), count));
        misses.Compare($"{test.Name} bits/byte", [], [_spent[^1].Bits / count], [expected],
            Tolerances.BitsPerByte(_tolerances.Logits(test.Largest), count));
    }

    private void HeldOutText(GraphRunner runner)
    {
        if (_expected.HeldOut is not { } text) return;
        _results.Add(HeldOutCheck.Run(runner, text, _expected.Config.SlotBytes, _expected.Reference, _tolerances, Scope,
            _expected.Cancellation));
    }

    private void Blocks()
    {
        if (_expected.Reference is null) return;
        _results.AddRange(TraceCheck.Run(_graph, _computes, _expected, _tolerances, Scope, _expected.Cancellation));
    }

    /// <summary>The elements of logits of the shape that they must have.</summary>
    /// <exception cref="GraphFailure">They have another.</exception>
    internal static double[] Values(GraphTensor logits, int batch, int rows) =>
        logits.Shape.SequenceEqual([batch, rows, Vocabulary]) ? logits.Values
            : throw new GraphFailure($"logits have the shape [{string.Join(", ", logits.Shape)}], not [{batch}, {rows}, {Vocabulary}]");

    internal static Dictionary<string, double> Metrics(TensorMisses misses) => new() { ["max_abs"] = misses.Worst?.Error ?? 0 };

    /// <summary>A graph that fails at one case may still do others.</summary>
    internal static void Try(TensorMisses misses, string subject, Action run)
    {
        try
        {
            run();
        }
        catch (GraphFailure e)
        {
            misses.Add(new(subject, e.Message, "a result"));
        }
    }

    private static PositionCurve Curve(string mode, List<double[]> cases) => new(mode,
        [.. Enumerable.Range(0, cases.Select(shares => shares.Length).DefaultIfEmpty(0).Max())
            .Select(position => cases.Where(shares => shares.Length > position).Max(shares => shares[position]))]);
}
