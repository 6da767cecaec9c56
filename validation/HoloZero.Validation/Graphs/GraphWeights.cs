using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;
using HoloZero.Models;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Graphs;

/// <summary>
/// Reads a network's parameters back from a graph: initializers bear their names, transposed ones with <c>.T</c> behind, and what is
/// folded into a Linear behind its module. The unfolded network computes what the graph does.
/// </summary>
internal sealed class GraphWeights
{
    /// <summary>tanh of it is 1 in float64: the gate of a memory whose projection has the real one in it.</summary>
    public const float OpenGate = 20;

    private readonly ModelProto _model;
    private readonly string _path;
    private readonly AsymDecConfig _config;
    private readonly ICollection<Miss> _misses;
    private readonly ILookup<string, TensorProto> _initializers;

    private GraphWeights(ModelProto model, string path, AsymDecConfig config, ICollection<Miss> misses)
    {
        (_model, _path, _config, _misses) = (model, path, config, misses);
        _initializers = model.Graph.Initializer.ToLookup(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The parameters of <paramref name="config"/>.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="path">Its file.</param>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="precision">What the manifest says: no matrix may be stored in fewer bits.</param>
    /// <param name="misses">Receives every parameter that is missing, of another shape or type, not finite, or folded wrongly.</param>
    /// <exception cref="BadInputException">External data cannot be read.</exception>
    public static IReadOnlyDictionary<string, WeightTensor> Read(ModelProto model, string path, AsymDecConfig config, string precision,
        ICollection<Miss> misses)
    {
        var reader = new GraphWeights(model, path, config, misses);
        var weights = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var (name, shape) in AsymDec.ParameterShapes(config))
        {
            if (reader.Parameter(name, shape, BitsOf(precision)) is not { } values) continue;
            if (Array.FindIndex(values, value => !float.IsFinite(value)) is >= 0 and var at)
                misses.Add(new($"initializer {name}[{at}]", $"{values[at]}", "a finite number"));
            weights.Add(name, new(name, [.. shape], values));
        }

        return weights;
    }

    /// <summary>Elements as float32, exactly; null where the type is another or their number is wrong.</summary>
    public static float[]? Floats(DataType type, ByteString data, long count)
    {
        if (!ElementTypes.TryGet(type, out var stored) || !stored.IsFloatingPoint() || data.Length != count * stored.SizeInBytes())
            return null;

        var values = new float[count];
        TensorConversion.ToFloat32(stored, data.Span, values);
        return values;
    }

    private static int BitsOf(string precision) => precision switch { "float32" => 32, "float16" => 16, "int8" => 8, _ => 4 };

    private float[]? Parameter(string name, int[] shape, int leastBits)
    {
        if (_initializers[name].FirstOrDefault() is { } plain) return Dense(plain, shape);
        var (module, kind) = Parts(name);
        var gate = $"{module[..^Math.Min(module.Length, ".proj".Length)]}.gate";
        if (kind == "gate" && Stored($"{module}.proj*tanh({name})").Any()) return [OpenGate];
        if (kind is not ("weight" or "bias")) return Missing(name, shape);

        if (Stored($"{module}*tanh({gate})").Any()) return Linear($"{module}*tanh({gate})", name, shape, leastBits);
        if (!Stored($"{module}+ones").Any()) return Linear(module, name, shape, leastBits);

        // Behind each head's rows of v: a row whose bias is one, and others of nothing.
        var (d, k) = (_config.Dim, _config.HeadWidth);
        var extra = GraphForm.Fused.State(_config).Last().Axes[^1].Length!.Value - k;
        int[] wide = [3 * d + _config.Heads * (int)extra, .. shape[1..]];
        if (Linear($"{module}+ones", name, wide, leastBits) is not { } values) return null;

        var columns = shape.Length == 1 ? 1 : shape[1];
        var kept = new List<float>(values[..(2 * d * columns)]);
        for (var (row, place) = (2 * d, 0); row < wide[0]; row++, place = (place + 1) % (k + (int)extra))
        {
            var content = values.AsSpan(row * columns, columns);
            if (place < k)
            {
                kept.AddRange(content);
                continue;
            }

            var expected = kind == "bias" && place == k ? 1f : 0f;
            for (var column = 0; column < columns; column++)
            {
                if (content[column] != expected)
                    _misses.Add(new($"{module}+ones.{kind}[{row}, {column}]", $"{content[column]:g6}", $"{expected}"));
            }
        }

        return [.. kept];
    }

    private IEnumerable<TensorProto> Stored(string linear) => ((string[])[".weight.T", ".weight.T.float16", ".weight.int8", ".weight.int4"])
        .SelectMany(suffix => _initializers[linear + suffix]);

    private float[]? Linear(string linear, string name, int[] shape, int leastBits)
    {
        if (shape.Length == 1)
            return _initializers[$"{linear}.bias"].FirstOrDefault() is { } bias ? Dense(bias, shape) : Missing(name, shape);
        if (Stored(linear).FirstOrDefault() is not { } tensor) return Missing(name, shape);

        var bits = tensor.DataType switch
        {
            DataType.Float => 32,
            DataType.Float16 => 16,
            _ => tensor.Name.EndsWith("8", StringComparison.Ordinal) ? 8 : 4,
        };
        if (bits < leastBits) _misses.Add(new($"initializer {tensor.Name}", $"{bits} bits", $"{leastBits} or more"));
        if (bits > 8) return Dense(tensor, [shape[1], shape[0]]) is { } values ? Transposed(values, shape[1], shape[0]) : null;

        try
        {
            return BlockedWeights.Dequantize(_model, _path, tensor, shape[0], shape[1]);
        }
        catch (GraphFailure e)
        {
            _misses.Add(new($"initializer {tensor.Name}", e.Message, $"weights [{shape[0]}, {shape[1]}] in blocks"));
            return null;
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
        if (Floats(tensor.DataType, OnnxReader.Data(tensor, _path), count) is { } values) return values;

        _misses.Add(new($"initializer {tensor.Name}", $"{tensor.DataType}, {tensor.RawData.Length} bytes",
            $"{count} floating-point elements"));
        return null;
    }

    private float[]? Missing(string name, int[] shape)
    {
        _misses.Add(new($"initializer {name}", "missing", TensorShape.Format([.. shape.Select(n => (long)n)])));
        return null;
    }

    private static (string Module, string Kind) Parts(string name) =>
        name.LastIndexOf('.') is >= 0 and var dot ? (name[..dot], name[(dot + 1)..]) : ("", name);

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                result[column * rows + row] = values[row * columns + column];
        return result;
    }
}
