using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>Compares every state tensor after a run with the float64 reference: keys, values, S, z, position, stream tail.</summary>
internal sealed class StateComparison
{
    private readonly Tolerances _tolerances;
    private readonly List<(string Name, int Place, int PortIndex, TensorMisses Misses)> _tensors = [];

    public StateComparison(AsymDecConfig config, ArtifactManifest.SignatureInfo signature, Tolerances tolerances)
    {
        _tolerances = tolerances;
        var names = AsymDecState.Layout(config).Tensors.Select(tensor => tensor.Name).ToArray();
        var ports = signature.State.Select(state => state.Past.Name).ToList();
        for (var place = 0; place < names.Length; place++)
        {
            var misses = new TensorMisses();
            var port = ports.IndexOf($"past.{names[place]}");
            if (port < 0) misses.Add(new(names[place], "the manifest has no such state", "there"));
            _tensors.Add((names[place], place, port, misses));
        }
    }

    /// <summary>Compares the state after a case.</summary>
    /// <param name="where">Case and mode, for positions.</param>
    /// <param name="output">What came out.</param>
    /// <param name="test">The case; without a reference nothing is known about its state.</param>
    public void Add(string where, GraphOutput output, ExpectedCase test)
    {
        if (test.Reference is not { } reference) return;

        var expected = reference.State.Tensors.ToArray();
        foreach (var (name, place, port, misses) in _tensors.Where(tensor => tensor.PortIndex >= 0))
        {
            VariantRun.Try(misses, $"{where} {name}", () =>
            {
                var (actual, wanted) = (output.StateTensor(port), expected[place]);
                if (!actual.Shape.SequenceEqual(wanted.Shape))
                {
                    throw new GraphFailure($"it has the shape [{string.Join(", ", actual.Shape)}], "
                        + $"not [{string.Join(", ", wanted.Shape)}]");
                }
                misses.Compare($"{where} {name}", wanted.Shape, actual.Values, wanted.Data, Allowed(place, test, wanted.Data));
            });
        }
    }

    /// <summary>One result per tensor.</summary>
    public IEnumerable<CheckResult> Results(string scope) =>
        _tensors.Where(tensor => tensor.Misses.Worst is not null || tensor.Misses.Count > 0)
            .Select(tensor => new CheckResult(CheckNames.State, tensor.Name, tensor.Misses, VariantRun.Metrics(tensor.Misses))
            { Scope = scope, Worst = tensor.Misses.Worst });

    /// <summary>By the order of <see cref="AsymDecState{T}.Tensors"/>: position, tail, then keys, values, S and z of each layer.</summary>
    private double Allowed(int place, ExpectedCase test, double[] expected)
    {
        if (place < 2) return 0;
        var (layer, kind, largest) = ((place - 2) / 4, (place - 2) % 4, expected.Select(Math.Abs).DefaultIfEmpty(0).Max());
        return kind switch
        {
            0 or 1 => _tolerances.Cache(layer, largest),
            2 => _tolerances.MemoryS(layer, test.Rows, largest),
            _ => _tolerances.MemoryZ(layer, test.Rows, largest),
        };
    }
}
