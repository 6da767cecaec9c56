using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.Validation.Checks;
using HoloZero.Validation.Goldens;
using HoloZero.Validation.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Validation;

/// <summary>How to validate. Immutable.</summary>
public sealed record ValidationOptions
{
    /// <summary>Names of the variants to check.</summary>
    /// <value>None, which is all of them.</value>
    public IReadOnlyCollection<string> Variants { get; init; } = [];

    /// <summary>What to run them on: one that loads, or all that do.</summary>
    /// <value><see cref="ExecutionProvider.Auto"/>, which is all. A variant runs on what it is meant for, and on the processor.</value>
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Auto;

    /// <summary>What computes in a provider's place: tests have no device.</summary>
    /// <value>Nothing: every provider computes itself.</value>
    internal IReadOnlyDictionary<ExecutionProvider, ExecutionProvider> StandIns { get; init; } =
        new Dictionary<ExecutionProvider, ExecutionProvider>();

    /// <summary>Whether the front door is tried on all 16,777,216 triples of bytes, or only on all pairs at the starts of runs.</summary>
    /// <value>true: some seconds a graph.</value>
    public bool AllTriples { get; init; } = true;

    /// <summary>
    /// Engines that compute the architecture in float32, to be held against what is expected with the weights of the graph.
    /// </summary>
    /// <value>None.</value>
    public IReadOnlyList<IReferenceEngine> Engines { get; init; } = [];

    /// <summary>Engines that are not there, and why, for the report.</summary>
    /// <value>None.</value>
    public IReadOnlyList<NotChecked> MissingEngines { get; init; } = [];

    /// <summary>Told each step.</summary>
    /// <value>null.</value>
    public IProgress<string>? Progress { get; init; }

    /// <summary>Stops it.</summary>
    /// <value><see cref="CancellationToken.None"/>.</value>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Holds an artifact against the published model. Stateless and thread-safe.</summary>
public static class ArtifactValidator
{
    /// <summary>Runs every check on every variant, on every provider that this machine can load.</summary>
    /// <param name="folder">The artifact.</param>
    /// <param name="goldenFolder">Goldens made by other people's code; null makes them from the float64 reference.</param>
    /// <param name="options">How; null is the default.</param>
    /// <returns>Whatever is wrong with the artifact, as failed checks: a broken one is no exception.</returns>
    /// <exception cref="BadInputException">
    /// The folder is no artifact or of a release that did not tell where weights lie, a variant is unknown, or the goldens are damaged or
    /// of another model.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ValidationReport Validate(string folder, string? goldenFolder, ValidationOptions? options = null) =>
        new Run(folder, options ?? new()).Validate(goldenFolder);

    private sealed class Run(string folder, ValidationOptions options)
    {
        private readonly ArtifactFolder _artifact = ArtifactFolder.OpenUnverified(folder);
        private readonly List<CheckResult> _checks = [];
        private readonly List<NotChecked> _notChecked = [];
        private readonly List<ScopeMeasurements> _measurements = [];
        private readonly List<ToleranceRule> _rules = [];
        private readonly ProviderComparison _comparison = new();
        private readonly Dictionary<string, FrontDoorResults> _doors = [];
        private readonly long _started = TimeProvider.System.GetTimestamp();
        private string _goldens = "none: the artifact could not be understood";

        private ArtifactManifest Manifest => _artifact.Manifest;

        public ValidationReport Validate(string? goldenFolder)
        {
            var chosen = options.Variants.Count == 0 ? Manifest.Variants : [.. options.Variants.Distinct().Select(_artifact.Variant)];
            var goldens = goldenFolder is null ? default : GoldenFolder.Open(goldenFolder).For(Manifest);
            var environment = RuntimeReport.Collect();
            var providers = Providers(environment, chosen);

            if (!options.AllTriples) _notChecked.Add(new("triples of bytes", "only starts of runs were asked for"));
            Step("hashing");
            _checks.Add(ManifestCheck.Hashes(_artifact));
            _checks.Add(ManifestCheck.Structure(_artifact, out var config, out var own));
            if (config is not null) Examine(config, own, goldenFolder, goldens, chosen, providers);
            else _notChecked.Add(new("graphs", "the manifest describes no network"));
            return new(folder, _checks)
            {
                Model = Describe(Manifest.Model, Manifest.Source),
                Goldens = _goldens,
                NotChecked = _notChecked,
                Tolerances = _rules,
                Measurements = _measurements,
                Providers = _comparison.Results(_checks),
                Differences = _comparison.Differences(),
                Environment = environment,
                Created = TimeProvider.System.GetUtcNow(),
                Duration = TimeProvider.System.GetElapsedTime(_started),
            };
        }

        private void Examine(AsymDecConfig config, IReadOnlyList<GoldenCase>? own, string? goldenFolder,
            (GoldenSuite? Suite, string? WhyNone) goldens, IReadOnlyList<ArtifactManifest.VariantInfo> chosen,
            IReadOnlyList<ExecutionProvider> providers)
        {
            Step("reading the graphs");
            var graphs = chosen.Select(variant => Read(variant, config))
                .OfType<(GraphFile File, IReadOnlyDictionary<string, WeightTensor>? Weights)>().ToArray();
            if (goldens.Suite is { } suite && suite.Config != config)
            {
                // The checkpoint's hash says which goldens apply. Where the artifact agrees with itself, it is they that do not fit.
                if (_checks.All(check => check.Passed))
                {
                    throw new BadInputException(goldenFolder!,
                        $"its goldens of {Untrusted.Quote(Manifest.Source.File)} are for another configuration",
                        "name the goldens of this checkpoint, or leave --golden out");
                }

                _notChecked.Add(new("logits, state and blocks", "the manifest's configuration is not that of its checkpoint's goldens"));
                return;
            }

            // Exact weights before those that have something folded in; rounded ones serve nobody but their own graph.
            var exact = graphs.Where(graph => graph.File.Variant.Precision == "float32" && graph.Weights is not null)
                .OrderBy(graph => graph.File.Form == GraphForm.Fused).FirstOrDefault();
            var reference = exact.Weights is null ? null : new ReferenceModel(config, exact.Weights);
            var expected = Expect(config, own, goldens, reference, exact.File?.Form == GraphForm.Fused,
                graphs.Any(graph => graph.Weights is not null));
            if (expected.Cases.Count == 0)
            {
                _notChecked.Add(new("logits, state and blocks", "there are neither goldens nor weights to compute them with"));
                return;
            }

            foreach (var engine in exact.Weights is null ? [] : options.Engines)
            {
                Step($"computing with {engine.Name}");
                _checks.Add(EngineCheck.Run(engine, exact.Weights!, expected, options.Cancellation));
            }

            _notChecked.AddRange(options.MissingEngines);
            foreach (var (graph, weights) in graphs.Where(graph => Tolerances.Precisions.Contains(graph.File.Variant.Precision)))
            {
                var tolerances = Tolerances.For(graph.Variant.Precision, config);
                _rules.AddRange(tolerances.Rules().Where(rule => !_rules.Contains(rule)));
                if (weights is not null && exact.Weights is not null && weights != exact.Weights)
                    _checks.Add(RoundingCheck.Weights(weights, exact.Weights, GraphWeights.Gates(config), tolerances, graph.Variant.Name));

                var wanted = expected;
                if (graph.Variant.Precision != "float32" && weights is not null)
                {
                    Step($"computing the reference of {graph.Variant.Name}");
                    wanted = expected.With(new ReferenceModel(config, weights));
                }

                foreach (var provider in providers)
                {
                    if (!ProviderChoice.CanRun(provider, graph.Variant))
                    {
                        _notChecked.Add(new($"{graph.Variant.Name} on {provider}", "it is not meant for it"));
                        continue;
                    }

                    Step($"running {graph.Variant.Name} on {provider}");
                    var (results, measurements) = VariantRun.Run(folder, graph, provider, StandIn(provider) ?? provider, wanted,
                        _comparison);
                    _checks.AddRange(results);
                    _measurements.Add(measurements);
                }
            }
        }

        /// <summary>Checks a graph as it lies in its file; null where it cannot be read.</summary>
        private (GraphFile File, IReadOnlyDictionary<string, WeightTensor>? Weights)? Read(ArtifactManifest.VariantInfo variant,
            AsymDecConfig config)
        {
            GraphFile graph;
            try
            {
                graph = GraphFile.Read(_artifact, variant);
            }
            catch (GraphFailure e)
            {
                _checks.Add(new(CheckNames.Structure, variant.File, [new(variant.File, e.Message, "a readable graph")],
                    new Dictionary<string, double>())
                { Scope = variant.Name });
                _notChecked.Add(new(variant.Name, "its graph cannot be read"));
                return null;
            }

            _checks.Add(GraphCheck.Structure(graph, config, out var weights));
            _checks.Add(GraphCheck.ValueTable(graph, Manifest.ValueTable, config.Door));
            _checks.Add(SignatureCheck.Run(graph, config));
            if (graph.Form.HasRotaryTable) _checks.Add(FusedTablesCheck.Rotary(graph, config));
            FrontDoor(graph, config);
            return (graph, weights);
        }

        private void FrontDoor(GraphFile graph, AsymDecConfig config)
        {
            if (config.Door != new DoorConfig())
            {
                _notChecked.Add(new($"the front door of {graph.Variant.Name}",
                    $"it is {config.Door}: only its tables and what the whole graph computes are compared"));
                return;
            }

            Step($"trying the front door of {graph.Variant.Name}");
            try
            {
                _checks.AddRange(FrontDoorCheck.Run(graph.Path, graph.Door, config.SlotBytes, graph.Variant.Name, options.AllTriples,
                    _doors, options.Cancellation).Select(result => result with { Scope = graph.Variant.Name }));
            }
            catch (Exception e) when (Unwrapped(e) is OnnxRuntimeException failure)
            {
                _checks.Add(new(CheckNames.FrontDoor, graph.Variant.Name,
                    [new("graph", failure.Message.ReplaceLineEndings(" "), "a front door that runs")],
                    new Dictionary<string, double>())
                { Scope = graph.Variant.Name });
            }

            static Exception Unwrapped(Exception e) => e is AggregateException { InnerException: { } inner } ? inner : e;
        }

        /// <summary>What the graphs should compute, and whether that can be trusted.</summary>
        private Expectations Expect(AsymDecConfig config, IReadOnlyList<GoldenCase>? own, (GoldenSuite? Suite, string? WhyNone) goldens,
            ReferenceModel? reference, bool folded, bool anyWeights)
        {
            Step("computing the reference");
            var why = goldens.WhyNone is null ? ", no goldens were given" : $": {goldens.WhyNone}";
            var set = goldens.Suite?.Set
                ?? (reference is null && own is not null
                    ? new GoldenSet($"logits that the exporter stored, since all graphs have rounded weights{why}", own, null)
                    : new GoldenSet($"float64 reference with the weights of the graph{why}",
                        ArtifactGoldens.Prompts(own ?? [], config), null));
            _goldens = set.Description;
            var cases = set.Cases.Select(golden =>
            {
                options.Cancellation.ThrowIfCancellationRequested();
                return ExpectedCase.Of(golden, config, reference);
            }).OfType<ExpectedCase>().ToArray();

            if (reference is null)
            {
                if (!anyWeights) _checks.Add(ReferenceCheck.Impossible());
                return new(config, null, cases, set.HeldOut, options.Cancellation);
            }

            var limit = folded ? Tolerances.FoldedReference : Tolerances.Reference;
            if (goldens.Suite is not null)
            {
                _checks.Add(ReferenceCheck.Goldens(cases, limit));
                if (cases.Any(test => test.Golden.Trace.Count > 0)) _checks.Add(ReferenceCheck.Traces(cases, config.Dim, limit));
            }

            if (own is not null) _checks.Add(ReferenceCheck.Own(own, config, reference, limit));
            return new(config, reference, cases, set.HeldOut, options.Cancellation);
        }

        private List<ExecutionProvider> Providers(RuntimeReport environment, IReadOnlyList<ArtifactManifest.VariantInfo> chosen)
        {
            var named = options.Provider == ExecutionProvider.Auto ? null : (ExecutionProvider?)options.Provider;
            if (named is { } asked && !chosen.Any(variant => ProviderChoice.CanRun(asked, variant)))
            {
                throw new BadInputException("provider", $"{asked} runs none of the variants to check",
                    "name another provider, or leave it out for all that load");
            }

            var providers = new List<ExecutionProvider>();
            foreach (var status in environment.Providers)
            {
                ExecutionProvider? provider = status.Name switch
                {
                    "CPUExecutionProvider" => ExecutionProvider.Cpu,
                    "CUDAExecutionProvider" => ExecutionProvider.Cuda,
                    "TensorrtExecutionProvider" => ExecutionProvider.TensorRt,
                    _ => null,
                };
                if (named is not null && provider != named) continue;
                if (provider is { } usable && (status.Problem is null || StandIn(usable) is not null)) providers.Add(usable);
                else if (named is not null) throw Missing(status.Problem!);
                else _notChecked.Add(new(status.Name, Shortened(status.Problem ?? "not used by the runtime")));
            }

            // The processor first: the others are held against it.
            return providers.Count > 0 ? [.. providers.OrderByDescending(provider => provider == ExecutionProvider.Cpu)]
                : throw Missing(ProviderLibraries.NotBuiltIn);

            MissingCapabilityException Missing(string problem) =>
                new($"execution provider {named} does not load ({ProviderLibraries.Describe(problem)})", ProviderLibraries.Remedy(problem));
        }

        private ExecutionProvider? StandIn(ExecutionProvider provider) =>
            options.StandIns.TryGetValue(provider, out var computes) ? computes : null;

        private static string Describe(ArtifactManifest.ModelInfo model, ArtifactManifest.SourceInfo source) =>
            $"{Untrusted.Quote(model.Architecture)[1..^1]}, d {model.Dim}, {model.DecLayers} layers, {model.Heads} heads, "
                + $"K {model.SlotBytes}, "
                + $"{Untrusted.Quote(model.PrefixAttention)[1..^1]} prefix, from {Untrusted.Quote(source.File)}, "
                + $"SHA-256 {Untrusted.Quote(source.Sha256)[1..^1]}";

        /// <summary>"Failed to load library /a/b.so with error: /a/b.so: no such file" says it twice.</summary>
        private static string Shortened(string problem)
        {
            const string repetition = " with error: ";
            var cause = problem[(problem.LastIndexOf(repetition, StringComparison.Ordinal) is >= 0 and var at
                ? at + repetition.Length
                : 0)..];
            return cause.StartsWith('/')
                ? $"does not load: {Path.GetFileName(cause.Split(": ", 2)[0])}{cause[cause.Split(": ", 2)[0].Length..]}"
                : cause;
        }

        private void Step(string what)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            options.Progress?.Report(what);
        }
    }
}
