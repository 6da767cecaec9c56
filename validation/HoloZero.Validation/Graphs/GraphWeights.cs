using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Graphs;

/// <summary>
/// Reads a network's parameters back from a graph, by what its <see cref="GraphContents"/> say about its initializers. The network
/// without what was folded computes what the graph does.
/// </summary>
internal sealed class GraphWeights
{
    /// <summary>tanh of it is 1 in float64: the gate of a memory whose projection has the real one in it.</summary>
    public const float OpenGate = 20;

    private readonly GraphFile _graph;
    private readonly ICollection<Miss> _misses;
    private readonly IReadOnlyDictionary<string, string> _gates;
    private readonly Dictionary<string, StoredParameter> _stored;
    private readonly ILookup<string, TensorProto> _initializers;

    private GraphWeights(GraphFile graph, AsymDecConfig config, ICollection<Miss> misses)
    {
        (_graph, _misses, _gates) = (graph, misses, Gates(config));
        _stored = graph.Contents.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        _initializers = graph.Model.Graph.Initializer.ToLookup(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The parameters of <paramref name="config"/>.</summary>
    /// <param name="graph">The graph. No matrix may be stored in fewer bits than the manifest says.</param>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="misses">Receives every parameter that is missing, of another shape or type, not finite, or folded wrongly.</param>
    /// <exception cref="BadInputException">External data cannot be read.</exception>
    public static IReadOnlyDictionary<string, WeightTensor> Read(GraphFile graph, AsymDecConfig config, ICollection<Miss> misses)
    {
        var reader = new GraphWeights(graph, config, misses);
        var shapes = AsymDec.ParameterShapes(config);
        foreach (var name in reader._stored.Keys.Where(name => !shapes.ContainsKey(name)))
            misses.Add(new($"parameter {Untrusted.Quote(name)}", "stored", "no parameter of this network"));

        // What stands behind a dash is the activations'.
        var leastBits = TensorTypes.TryParseName(graph.Variant.Precision.Split('-')[0], out var type) ? 8 * type.SizeInBytes() : 4;
        var weights = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var (name, shape) in shapes)
        {
            if (reader.Parameter(name, shape, leastBits) is not { } values) continue;
            if (Array.FindIndex(values, value => !float.IsFinite(value)) is >= 0 and var at)
                misses.Add(new($"parameter {name}[{at}]", $"{values[at]}", "a finite number"));
            weights.Add(name, new(name, [.. shape], values));
        }

        return weights;
    }

    /// <summary>The gate that the network multiplies by, of every parameter of a Linear that has one.</summary>
    public static IReadOnlyDictionary<string, string> Gates(AsymDecConfig config) =>
        Enumerable.Range(0, config.DecLayers).SelectMany(i => (string[])[$"mem_blocks.{i}.proj.weight", $"mem_blocks.{i}.proj.bias"],
            (i, parameter) => (parameter, $"mem_blocks.{i}.gate")).ToDictionary(StringComparer.Ordinal);

    /// <summary>Elements as float32, exactly; null where the type is another or their number is wrong.</summary>
    public static float[]? Floats(DataType type, ByteString data, long count)
    {
        if (!ElementTypes.TryGet(type, out var stored) || !stored.IsFloatingPoint() || data.Length != count * stored.SizeInBytes())
            return null;

        var values = new float[count];
        TensorConversion.ToFloat32(stored, data.Span, values);
        return values;
    }

    private float[]? Parameter(string name, int[] shape, int leastBits)
    {
        string[] gated = [.. _gates.Where(pair => pair.Value == name).Select(pair => pair.Key)];
        var folded = gated.Count(parameter => _stored.GetValueOrDefault(parameter)?.ScaledByTanhOf == name);
        if (!_stored.TryGetValue(name, out var stored))
        {
            if (folded > 0 && folded == gated.Length) return [OpenGate];
            _misses.Add(new($"parameter {name}", "missing", TensorShape.Format([.. shape.Select(n => (long)n)])));
            return null;
        }

        if (folded > 0) _misses.Add(new($"parameter {name}", $"stored, and folded into {folded} others", "one of the two"));
        if (stored.ScaledByTanhOf is { } gate && gate != _gates.GetValueOrDefault(name))
        {
            _misses.Add(new($"parameter {name}", $"scaled by tanh({Untrusted.Quote(gate)})",
                _gates.TryGetValue(name, out var own) ? $"scaled by tanh({own}) at most" : "not scaled"));
        }

        var values = stored.Ones is { } ones ? WithoutOnes(stored, ones, shape, leastBits) : Values(stored, shape, leastBits);
        return stored.Exponents is { } exponents && values is not null ? WithoutExponents(stored, exponents, values, shape[^1]) : values;
    }

    /// <summary>The parameter before powers of two were multiplied in, which float32 takes out again without a trace.</summary>
    private float[]? WithoutExponents(StoredParameter stored, IReadOnlyList<int> exponents, float[] values, int columns)
    {
        if (exponents.Count == columns) return [.. values.Select((value, i) => MathF.ScaleB(value, -exponents[i % columns]))];
        _misses.Add(new($"parameter {stored.Name}", $"{exponents.Count} powers of 2", $"{columns}, one for each of its columns"));
        return null;
    }

    /// <summary>The rows that are the parameter's; the others must be ones in the bias and zeros.</summary>
    private float[]? WithoutOnes(StoredParameter stored, OnesRows ones, int[] shape, int leastBits)
    {
        var (groups, rest) = Math.DivRem(shape[0] - ones.FirstRow, ones.Group);
        var rows = shape[0] + (long)groups * ones.Extra;
        if (ones.FirstRow > shape[0] || rest != 0 || rows > int.MaxValue)
        {
            _misses.Add(new($"parameter {stored.Name}", $"{ones}", $"whole groups of its {shape[0]} rows"));
            return null;
        }

        if (Values(stored, [(int)rows, .. shape[1..]], leastBits) is not { } values) return null;

        var columns = shape.Length == 1 ? 1 : shape[1];
        var kept = new List<float>(values[..(ones.FirstRow * columns)]);
        for (var (row, place) = (ones.FirstRow, 0); row < rows; row++, place = (place + 1) % (ones.Group + ones.Extra))
        {
            var content = values.AsSpan(row * columns, columns);
            if (place < ones.Group)
            {
                kept.AddRange(content);
                continue;
            }

            var expected = shape.Length == 1 && place == ones.Group ? 1f : 0f;
            for (var column = 0; column < columns; column++)
            {
                if (content[column] != expected)
                    _misses.Add(new($"{stored.Initializer}[{row}, {column}]", $"{content[column]:g6}", $"{expected}"));
            }
        }

        return [.. kept];
    }

    private float[]? Values(StoredParameter stored, int[] shape, int leastBits)
    {
        var tensor = _initializers[stored.Initializer].First();
        if (stored.Layout != WeightLayout.Checkpoint && shape.Length != 2)
        {
            _misses.Add(new($"parameter {stored.Name}", $"{stored.Layout}", "no matrix"));
            return null;
        }

        var (values, bits) = stored.Layout switch
        {
            WeightLayout.Blocks => Quantized(tensor, shape, BlockedWeights.Dequantize),
            WeightLayout.Columns => Quantized(tensor, shape, (model, path, codes, outputs, inputs) =>
                ColumnWeights.Dequantize(model, path, codes, outputs, inputs, _graph.Variant.WeightBits ?? 8)),
            WeightLayout.Transposed => (Dense(tensor, [shape[1], shape[0]]) is { } dense ? Transposed(dense, shape[1], shape[0]) : null,
                BitsOf(tensor)),
            _ => (Dense(tensor, shape), BitsOf(tensor)),
        };
        if (values is not null && shape.Length == 2 && bits < leastBits)
            _misses.Add(new($"initializer {tensor.Name}", $"{bits} bits", $"{leastBits} or more"));
        return values;
    }

    private (float[]? Values, int Bits) Quantized(TensorProto codes, int[] shape,
        Func<ModelProto, string, TensorProto, int, int, (float[] Values, int Bits)> dequantize)
    {
        try
        {
            return dequantize(_graph.Model, _graph.Path, codes, shape[0], shape[1]);
        }
        catch (GraphFailure e)
        {
            _misses.Add(new($"initializer {codes.Name}", e.Message, $"weights [{shape[0]}, {shape[1]}] as whole numbers"));
            return (null, 0);
        }
    }

    private float[]? Dense(TensorProto tensor, int[] shape)
    {
        if (!tensor.Dims.SequenceEqual(shape.Select(n => (long)n)))
        {
            _misses.Add(new($"initializer {tensor.Name}", TensorShape.Format(tensor.Dims),
                TensorShape.Format([.. shape.Select(n => (long)n)])));
            return null;
        }

        var count = shape.Aggregate(1L, (product, n) => product * n);
        if (Floats(tensor.DataType, OnnxReader.Data(tensor, _graph.Path), count) is { } values) return values;

        _misses.Add(new($"initializer {tensor.Name}", $"{tensor.DataType}, {tensor.RawData.Length} bytes",
            $"{count} floating-point elements"));
        return null;
    }

    private static int BitsOf(TensorProto tensor) => ElementTypes.TryGet(tensor.DataType, out var type) ? 8 * type.SizeInBytes() : 0;

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                result[column * rows + row] = values[row * columns + column];
        return result;
    }
}
