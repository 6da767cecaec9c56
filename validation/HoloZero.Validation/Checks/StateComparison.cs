using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>Compares every state tensor after a run with the float64 reference: keys, values, S, z, position, stream tail.</summary>
internal sealed class StateComparison
{
    private readonly GraphForm _form;
    private readonly Tolerances _tolerances;
    private readonly List<(StatePiece Piece, int PortIndex, TensorMisses Misses)> _tensors = [];

    public StateComparison(AsymDecConfig config, GraphFile graph, Tolerances tolerances)
    {
        (_form, _tolerances) = (graph.Form, tolerances);
        var ports = graph.Variant.Signature.State.Select(state => state.Past.Name).ToList();
        foreach (var piece in _form.Pieces(config))
        {
            var misses = new TensorMisses();
            var port = ports.IndexOf($"past.{piece.Port}");
            if (port < 0) misses.Add(new(piece.Name, "the manifest has no such state", "there"));
            _tensors.Add((piece, port, misses));
        }
    }

    /// <summary>Compares the state after a case.</summary>
    /// <param name="where">Case and mode, for positions.</param>
    /// <param name="output">What came out.</param>
    /// <param name="test">The case; without a reference nothing is known about its state.</param>
    public void Add(string where, GraphOutput output, ExpectedCase test)
    {
        if (test.Reference is not { } reference) return;

        var state = reference.State.Tensors.ToArray();
        foreach (var (piece, port, misses) in _tensors.Where(tensor => tensor.PortIndex >= 0))
        {
            VariantRun.Try(misses, $"{where} {piece.Name}", () =>
            {
                var actual = piece.Columns is { } columns ? Cut(output.StateTensor(port), columns) : output.StateTensor(port);
                var wanted = Expected(piece, state, test, actual.Shape);
                if (!actual.Shape.SequenceEqual(wanted.Shape))
                {
                    throw new GraphFailure($"it has the shape [{string.Join(", ", actual.Shape)}], "
                        + $"not [{string.Join(", ", wanted.Shape)}]");
                }
                misses.Compare($"{where} {piece.Name}", wanted.Shape, actual.Values, wanted.Data, Allowed(piece.Place, test, state));
            });
        }
    }

    /// <summary>One result per tensor.</summary>
    public IEnumerable<CheckResult> Results(string scope) =>
        _tensors.Where(tensor => tensor.Misses.Worst is not null || tensor.Misses.Count > 0)
            .Select(tensor => new CheckResult(CheckNames.State, tensor.Piece.Name, tensor.Misses, VariantRun.Metrics(tensor.Misses))
            { Scope = scope, Worst = tensor.Misses.Worst });

    private DoubleTensor Expected(StatePiece piece, DoubleTensor[] state, ExpectedCase test, int[] actualShape) => piece.Place switch
    {
        null => DoubleTensor.Zeros(actualShape),
        0 => new(state[0].Data, _form.PositionShape),
        1 => new(_form.Tail(state[1].Data, test.Stream.Length), state[1].Shape),
        { } place => state[place],
    };

    /// <summary>Columns of the last axis.</summary>
    private static GraphTensor Cut(GraphTensor tensor, Range columns)
    {
        var width = tensor.Shape[^1];
        if (columns.End.Value > width) throw new GraphFailure($"it has {width} columns, not {columns.End.Value} or more");

        var count = columns.End.Value - columns.Start.Value;
        return new([.. tensor.Shape[..^1], count], [.. tensor.Values.Chunk(width).SelectMany(row => row[columns])]);
    }

    /// <summary>By the order of <see cref="AsymDecState{T}.Tensors"/>: position, tail, then keys, values, S and z of each layer.</summary>
    private double Allowed(int? place, ExpectedCase test, DoubleTensor[] state)
    {
        if (place is null or < 2) return 0;
        var (layer, kind, largest) = ((place.Value - 2) / 4, (place.Value - 2) % 4, Largest(place.Value));
        var fused = _form == GraphForm.Fused;
        return kind switch
        {
            0 or 1 => _tolerances.Cache(layer, largest),
            2 => _tolerances.MemoryS(layer, test.Rows, largest, Largest(place.Value + 1), fused),
            _ => _tolerances.MemoryZ(layer, test.Rows, largest, fused),
        };

        double Largest(int which) => state[which].Data.Select(Math.Abs).DefaultIfEmpty(0).Max();
    }
}
