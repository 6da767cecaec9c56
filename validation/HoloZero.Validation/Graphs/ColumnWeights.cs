using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Graphs;

/// <summary>
/// Weights of ONNX Runtime's MatMulIntegerToFloat, as its documentation has them: whole numbers of 8 bits with a scale for each column,
/// times activations that a QuantizeLinear rounds. Reads what the nodes read, wherever it is said to lie.
/// </summary>
internal static class ColumnWeights
{
    private const string OpType = "MatMulIntegerToFloat";

    /// <summary>The matrix [outputs, inputs] that the codes stand for, and in how many bits it is stored.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="path">Its file.</param>
    /// <param name="codes">The codes, [inputs, outputs].</param>
    /// <param name="outputs">Rows of the matrix.</param>
    /// <param name="inputs">Its columns.</param>
    /// <param name="bits">How many bits the codes take, as the manifest has it.</param>
    /// <exception cref="GraphFailure">
    /// The node or one of its inputs is missing or of another size, a code is larger than its bits, or what it takes the activations
    /// for is not what they were rounded to.
    /// </exception>
    public static (float[] Weights, int Bits) Dequantize(ModelProto model, string path, TensorProto codes, int outputs, int inputs,
        int bits)
    {
        var nodes = model.Graph.Node.Where(node => node.Input.Contains(codes.Name)).ToArray();
        if (nodes is not [{ OpType: OpType, Domain: GraphForm.ContribDomain } node] || node.Input[1] != codes.Name)
            throw new GraphFailure($"it is read by {nodes.Length} nodes, not as the weights of one {OpType}");

        var packed = OnnxReader.Data(codes, path);
        if (codes.DataType != DataType.Int8 || !codes.Dims.SequenceEqual([(long)inputs, outputs])
            || packed.Length != (long)inputs * outputs)
        {
            throw new GraphFailure($"it is {codes.DataType} [{string.Join(", ", codes.Dims)}], not Int8 [{inputs}, {outputs}]");
        }

        var (lowest, highest) = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
        foreach (var code in packed.Span)
        {
            if ((sbyte)code < lowest || (sbyte)code > highest)
                throw new GraphFailure($"it has the code {(sbyte)code}, and the manifest says that {bits} bits hold them all");
        }

        if (node.Input.ElementAtOrDefault(5) is { Length: > 0 } zeroPoints) throw new GraphFailure($"it has zero points, {zeroPoints}");
        RequireOneRounding(model, path, node);
        var scales = Floats(node.Input.ElementAtOrDefault(3), outputs);

        var weights = new float[checked(outputs * inputs)];
        for (var output = 0; output < outputs; output++)
            for (var input = 0; input < inputs; input++)
                weights[output * inputs + input] = (sbyte)packed[input * outputs + output] * scales[output];
        return (weights, 8);

        float[] Floats(string? name, int count) =>
            model.Graph.Initializer.FirstOrDefault(tensor => tensor.Name == name) is { } tensor
                && GraphWeights.Floats(DataType.Float, OnnxReader.Data(tensor, path), count) is { } values ? values
                : throw new GraphFailure($"its scales '{name}' are no {count} float32 values");
    }

    /// <summary>What rounds the activations and what multiplies them have to mean the same numbers, constants of the graph.</summary>
    private static void RequireOneRounding(ModelProto model, string path, NodeProto node)
    {
        var rounding = model.Graph.Node.FirstOrDefault(other => other.Output.Contains(node.Input[0]));
        if (rounding is not { OpType: "QuantizeLinear", Input.Count: 3 })
        {
            throw new GraphFailure(
                $"its activations come from {rounding?.OpType ?? "nowhere"}, not from a QuantizeLinear with a zero point");
        }

        if (rounding.Input[1] != node.Input.ElementAtOrDefault(2) || rounding.Input[2] != node.Input.ElementAtOrDefault(4))
            throw new GraphFailure($"its activations are rounded by {rounding.Input[1]} and taken for {node.Input.ElementAtOrDefault(2)}");

        var (scale, zero) = (Initializer(rounding.Input[1]), Initializer(rounding.Input[2]));
        if (scale is null || GraphWeights.Floats(scale.DataType, OnnxReader.Data(scale, path), 1) is not [var value]
            || !(value > 0 && float.IsFinite(value)))
        {
            throw new GraphFailure($"its activations have the scale {rounding.Input[1]}, which is no positive number of the graph");
        }

        if (zero is not { DataType: DataType.Uint8 } || OnnxReader.Data(zero, path).Length != 1)
            throw new GraphFailure($"its activations have the zero point {rounding.Input[2]}, which is no byte of the graph");

        TensorProto? Initializer(string name) => model.Graph.Initializer.FirstOrDefault(tensor => tensor.Name == name);
    }
}
