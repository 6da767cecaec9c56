using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Exporter.Quantization;
using HoloZero.Onnx;
using Microsoft.ML.OnnxRuntime;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Tests.Quantization;

/// <summary>ONNX Runtime reads the tensors as we mean them: its own MatMulNBits against a product with the dequantized weights.</summary>
public class MatMulNBitsTests
{
    private const int Outputs = 37;

    public static TheoryData<int, int, bool, int> Cases =>
        new(from bits in (int[])[4, 8]
            from size in (int[])[16, 32, 64, 128, 256]
            from zeroPoints in (bool[])[false, true]
            from inputs in (int[])[64, 96, 100, 256, 321]
            select (bits, size, zeroPoints, inputs));

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_operator_multiplies_with_the_dequantized_weights(int bits, int blockSize, bool zeroPoints, int inputs)
    {
        // Off centre, so that zero points differ from 2^(bits-1) and a packing fault shows.
        var weights = BlockQuantizerTests.Gaussian(Outputs * inputs, 11);
        for (var i = 0; i < weights.Length; i++) weights[i] += i / blockSize % 5 - 1.5f;
        var matrix = BlockQuantizer.Quantize(weights, Outputs, inputs, new(bits, blockSize, zeroPoints));
        var values = matrix.Dequantize();

        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(Model(matrix), options);
        using var run = new RunOptions();
        foreach (var rows in (int[])[1, 5])
        {
            var activations = BlockQuantizerTests.Gaussian(rows * inputs, 12);
            using var input = OrtValue.CreateTensorValueFromMemory(activations, [rows, inputs]);
            using var results = session.Run(run, ["A"], [input], ["Y"]);
            var actual = results[0].GetTensorDataAsSpan<float>();
            Assert.Equal(rows * Outputs, actual.Length);
            for (var row = 0; row < rows; row++)
            {
                for (var output = 0; output < Outputs; output++)
                {
                    var (sum, size) = (0.0, 0.0);
                    for (var k = 0; k < inputs; k++)
                    {
                        var product = (double)activations[row * inputs + k] * values[output * inputs + k];
                        (sum, size) = (sum + product, size + Math.Abs(product));
                    }

                    // Rounding of a float32 sum of up to 321 products.
                    Assert.InRange(actual[row * Outputs + output] - sum, -2e-6 * size, 2e-6 * size);
                }
            }
        }
    }

    private static byte[] Model(QuantizedMatrix matrix)
    {
        long blocks = matrix.Blocks;
        var node = new NodeProto { OpType = "MatMulNBits", Domain = "com.microsoft", Input = { "A", "B", "scales" }, Output = { "Y" } };
        node.Attribute.Add([
            NodeAttribute.Of("K", (long)matrix.Inputs), NodeAttribute.Of("N", (long)matrix.Outputs),
            NodeAttribute.Of("bits", (long)matrix.Bits), NodeAttribute.Of("block_size", (long)matrix.BlockSize),
            // Weights are the only thing that may be rounded here: activations and sums stay float32.
            NodeAttribute.Of("accuracy_level", 0L)]);
        var graph = new GraphProto
        {
            Name = "matmul",
            Node = { node },
            Input = { Port("A", matrix.Inputs) },
            Output = { Port("Y", matrix.Outputs) },
        };
        graph.Initializer.Add(Tensor("B", DataType.Uint8, matrix.Values, matrix.Outputs, blocks, matrix.Format.BlockBytes));
        graph.Initializer.Add(Tensor("scales", DataType.Float, MemoryMarshal.AsBytes(matrix.Scales.AsSpan()), matrix.Outputs, blocks));
        if (matrix.ZeroPoints is { } zeroPoints)
        {
            node.Input.Add("zero_points");
            graph.Initializer.Add(Tensor("zero_points", DataType.Uint8, zeroPoints, matrix.Outputs,
                matrix.Format.ZeroPointBytes(matrix.Inputs)));
        }

        return new ModelProto
        {
            IrVersion = 8,
            Graph = graph,
            OpsetImport =
            {
                new OperatorSetIdProto { Domain = "", Version = 17 },
                new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 },
            },
        }.ToByteArray();
    }

    private static TensorProto Tensor(string name, DataType type, ReadOnlySpan<byte> bytes, params long[] shape) =>
        new() { Name = name, DataType = type, RawData = ByteString.CopyFrom(bytes), Dims = { shape } };

    private static ValueInfoProto Port(string name, long columns)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "rows" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = columns });
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = DataType.Float, Shape = shape } } };
    }
}
