using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>Compares every state tensor after a run with the float64 reference: keys, values, S, z, position, stream tail.</summary>
internal sealed class StateComparison
{
    private readonly GraphForm _form;
    private readonly Tolerances _tolerances;
    private readonly AsymDecState<Compared> _state;
    private readonly IReadOnlyList<Compared> _zeros;

    public StateComparison(AsymDecConfig config, GraphFile graph, Tolerances tolerances)
    {
        (_form, _tolerances) = (graph.Form, tolerances);
        var states = graph.Variant.Signature.State;
        var ports = states.Select(state => state.Past.Name).ToList();
        _state = _form.Pieces(config).Select(Find);
        _zeros = [.. _form.Zeros(config).Select(Find)];

        Compared Find(StatePiece piece)
        {
            var found = new Compared(piece, ports.IndexOf($"past.{piece.Port}"), new());
            if (found.PortIndex < 0) found.Misses.Add(new(piece.Name, "the manifest has no such state", "there"));
            else if (states[found.PortIndex].Past.Type == TensorType.Int8.Name())
                return found with { Scales = CacheScales.Of(graph, piece.Port, config) ?? [] };
            return found;
        }
    }

    /// <summary>Compares the state after a case.</summary>
    /// <param name="where">Case and mode, for positions.</param>
    /// <param name="output">What came out.</param>
    /// <param name="test">The case; without a reference nothing is known about its state.</param>
    public void Add(string where, GraphOutput output, ExpectedCase test)
    {
        if (test.Reference is not { State: var wanted }) return;

        Add(_state.Position, _ => new(wanted.Position.Data, _form.PositionShape), 0);
        if (_state.StreamStart is { } start) Add(start, _ => new(wanted.StreamStart!.Data, _form.PositionShape), 0);
        Add(_state.StreamTail, _ => new(_form.Tail(wanted.StreamTail.Data, test.Stream.Length), wanted.StreamTail.Shape), 0);
        foreach (var (layer, (actual, expected)) in _state.Layers.Zip(wanted.Layers).Index())
        {
            var (s, z) = (Largest(expected.Memory.S), Largest(expected.Memory.Z));
            Add(actual.Attention.Keys, _ => expected.Attention.Keys, _tolerances.Cache(layer, Largest(expected.Attention.Keys)));
            Add(actual.Attention.Values, _ => expected.Attention.Values, _tolerances.Cache(layer, Largest(expected.Attention.Values)));
            Add(actual.Memory.S, _ => expected.Memory.S, _tolerances.MemoryS(layer, test.Rows, s));
            Add(actual.Memory.Z, _ => expected.Memory.Z, _tolerances.MemoryZ(layer, test.Rows, z));
        }

        foreach (var zeros in _zeros) Add(zeros, shape => DoubleTensor.Zeros(shape), 0);

        void Add(Compared compared, Func<int[], DoubleTensor> expected, double allowed)
        {
            var (piece, port, misses) = (compared.Piece, compared.PortIndex, compared.Misses);
            if (port < 0) return;

            VariantRun.Try(misses, $"{where} {piece.Name}", () =>
            {
                var actual = output.StateTensor(port);
                if (compared.Scales is { } scales) actual = Scaled(actual, scales);
                if (piece.Columns is { } columns) actual = Cut(actual, columns);
                var tensor = expected(actual.Shape);
                if (!actual.Shape.SequenceEqual(tensor.Shape))
                {
                    throw new GraphFailure($"it has the shape [{string.Join(", ", actual.Shape)}], "
                        + $"not [{string.Join(", ", tensor.Shape)}]");
                }

                misses.Compare($"{where} {piece.Name}", tensor.Shape, actual.Values, tensor.Data, allowed);
            });
        }

        static double Largest(DoubleTensor tensor) => tensor.Data.Select(Math.Abs).DefaultIfEmpty(0).Max();
    }

    /// <summary>One result per tensor.</summary>
    public IEnumerable<CheckResult> Results(string scope) => _state.Tensors.Concat(_zeros)
        .Where(tensor => tensor.Misses.Worst is not null || tensor.Misses.Count > 0)
        .Select(tensor => new CheckResult(CheckNames.State, tensor.Piece.Name, tensor.Misses, VariantRun.Metrics(tensor.Misses))
        { Scope = scope, Worst = tensor.Misses.Worst });

    /// <summary>Columns of the last axis.</summary>
    private static GraphTensor Cut(GraphTensor tensor, Range columns)
    {
        var width = tensor.Shape[^1];
        if (columns.End.Value > width) throw new GraphFailure($"it has {width} columns, not {columns.End.Value} or more");

        var count = columns.End.Value - columns.Start.Value;
        return new([.. tensor.Shape[..^1], count], [.. tensor.Values.Chunk(width).SelectMany(row => row[columns])]);
    }

    /// <summary>What codes [B, H, P, k] are worth.</summary>
    private static GraphTensor Scaled(GraphTensor codes, float[] scales)
    {
        var (positions, width) = (codes.Shape[^2], codes.Shape[^1]);
        if (scales.Length != codes.Shape[1] * width) throw new GraphFailure("its scales are not sound");
        return codes with
        {
            Values = [.. codes.Values.Select((code, i) => code * scales[i / (positions * width) * width % scales.Length + i % width])],
        };
    }

    /// <param name="Piece">What it is.</param>
    /// <param name="PortIndex">Its place in the manifest; below 0 where it has none.</param>
    /// <param name="Misses">Where it differs.</param>
    private sealed record Compared(StatePiece Piece, int PortIndex, TensorMisses Misses)
    {
        /// <summary>What its codes are worth, by head and channel; null where it holds numbers.</summary>
        public float[]? Scales { get; init; }
    }
}
