using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Exporter.Onnx;
using HoloZero.Models;
using static HoloZero.Exporter.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Graphs;

/// <summary>Reads a network's parameters back from a graph: initializers bear their names, transposed ones with <c>.T</c> behind.</summary>
internal static class GraphWeights
{
    /// <summary>The parameters of <paramref name="config"/>.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="path">Its file.</param>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="misses">Receives every parameter that is missing, of another shape or type, or not finite.</param>
    /// <exception cref="BadInputException">External data cannot be read.</exception>
    public static IReadOnlyDictionary<string, WeightTensor> Read(ModelProto model, string path, AsymDecConfig config,
        ICollection<Miss> misses)
    {
        var initializers = model.Graph.Initializer.ToLookup(tensor => tensor.Name, StringComparer.Ordinal);
        var weights = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var (name, shape) in AsymDec.ParameterShapes(config))
        {
            var plain = initializers[name].FirstOrDefault();
            var tensor = plain ?? initializers[$"{name}.T"].FirstOrDefault();
            if (tensor is null)
            {
                misses.Add(new($"initializer {name}", "missing", TensorShape.Format([.. shape.Select(n => (long)n)])));
                continue;
            }

            var stored = plain is null ? shape.Reverse().ToArray() : shape;
            if (!tensor.Dims.SequenceEqual(stored.Select(n => (long)n)))
            {
                misses.Add(new($"initializer {tensor.Name}", TensorShape.Format(tensor.Dims),
                    TensorShape.Format([.. stored.Select(n => (long)n)])));
                continue;
            }

            var count = stored.Aggregate(1L, (product, n) => product * n);
            if (Floats(tensor.DataType, OnnxReader.Data(tensor, path), count) is not { } values)
            {
                misses.Add(new($"initializer {tensor.Name}", $"{tensor.DataType}, {tensor.RawData.Length} bytes",
                    $"{count} floating-point elements"));
                continue;
            }

            if (Array.FindIndex(values, value => !float.IsFinite(value)) is >= 0 and var at)
                misses.Add(new($"initializer {tensor.Name}[{at}]", $"{values[at]}", "a finite number"));
            weights.Add(name, new(name, [.. shape], plain is null ? Transposed(values, stored[0], stored[1]) : values));
        }

        return weights;
    }

    /// <summary>Elements as float32, exactly; null where the type is another or their number is wrong.</summary>
    public static float[]? Floats(DataType type, ByteString data, long count)
    {
        var (stored, size) = type switch
        {
            DataType.Float => (TensorType.Float32, 4),
            DataType.Float16 => (TensorType.Float16, 2),
            _ => (TensorType.UInt8, 0),
        };
        if (size == 0 || data.Length != count * size) return null;

        var values = new float[count];
        TensorConversion.ToFloat32(stored, data.Span, values);
        return values;
    }

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                result[column * rows + row] = values[row * columns + column];
        return result;
    }
}
