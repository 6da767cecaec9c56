using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Graphs;

/// <summary>
/// Weights of ONNX Runtime's MatMulNBits, as its documentation has them: whole numbers of 4 or 8 bits, a scale and a zero point for each
/// block of consecutive inputs. Reads what the node reads, wherever it is said to lie.
/// </summary>
internal static class BlockedWeights
{
    /// <summary>The matrix [outputs, inputs] that the codes stand for, and in how many bits each is stored.</summary>
    /// <exception cref="GraphFailure">The node or one of its inputs is missing or of another size.</exception>
    public static (float[] Weights, int Bits) Dequantize(ModelProto model, string path, TensorProto codes, int outputs, int inputs)
    {
        var nodes = model.Graph.Node.Where(node => node.Input.Contains(codes.Name)).ToArray();
        if (nodes is not [{ OpType: "MatMulNBits", Domain: GraphForm.ContribDomain } node] || node.Input[1] != codes.Name)
            throw new GraphFailure($"it is read by {nodes.Length} nodes, not as the weights of one MatMulNBits");

        var (bits, blockSize) = (Attribute("bits"), Attribute("block_size"));
        if ((Attribute("N"), Attribute("K")) != (outputs, inputs) || bits is not (4 or 8) || blockSize < 16)
            throw new GraphFailure($"N, K, bits and block_size are {Attribute("N")}, {Attribute("K")}, {bits} and {blockSize}");

        var blocks = (inputs + blockSize - 1) / blockSize;
        var packed = Bytes(codes, (long)outputs * blocks * blockSize * bits / 8);
        // They are of the type that the activations have.
        var scales = GraphWeights.Floats(Input(2)!.DataType, OnnxReader.Data(Input(2)!, path), (long)outputs * blocks)
            ?? throw new GraphFailure($"its scales {Input(2)!.Name} are no {outputs} x {blocks} floating-point values");
        var zeroBytes = (blocks * bits + 7) / 8;
        var zeros = Input(3) is { } zeroPoints ? Bytes(zeroPoints, (long)outputs * zeroBytes) : null;
        if (Input(4) is { } order) throw new GraphFailure($"it has an order of columns, {order.Name}");

        var weights = new float[checked(outputs * inputs)];
        for (var row = 0; row < outputs; row++)
        {
            for (var input = 0; input < inputs; input++)
            {
                var block = input / blockSize;
                var zero = zeros is null ? 1 << (bits - 1) : Code(zeros, row * zeroBytes, block);
                var code = Code(packed, (row * blocks + block) * (blockSize * bits / 8), input % blockSize);
                weights[row * inputs + input] = (code - zero) * scales[row * blocks + block];
            }
        }

        return (weights, bits);

        // The lower half of a byte comes first.
        int Code(byte[] data, int start, int index) => bits == 8 ? data[start + index] : data[start + index / 2] >> (index % 2 * 4) & 15;

        int Attribute(string name) => (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0);

        TensorProto? Input(int place)
        {
            var name = node.Input.ElementAtOrDefault(place) ?? "";
            return model.Graph.Initializer.FirstOrDefault(tensor => tensor.Name == name)
                ?? (name.Length == 0 && place > 2 ? null : throw new GraphFailure($"input {place} of {node.Name} is no initializer"));
        }

        byte[] Bytes(TensorProto tensor, long count)
        {
            var data = OnnxReader.Data(tensor, path);
            return tensor.DataType == DataType.Uint8 && data.Length == count ? data.ToByteArray()
                : throw new GraphFailure($"{tensor.Name} is {tensor.DataType} of {data.Length} bytes, not Uint8 of {count}");
        }
    }
}
