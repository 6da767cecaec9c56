using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Onnx;
using Microsoft.ML.OnnxRuntime;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Runtime.Tests;

/// <summary>
/// Sums of whole numbers are exact with the session options of the runtime, at the codes where instructions that add in 16 bits are not,
/// and with weights of 7 bits without an option.
/// </summary>
public class WholeNumberTests
{
    private const int Inputs = 512, Outputs = 48;
    private const float ActivationScale = 0.5f;

    [Theory]
    [InlineData(8, 1, 255, 127)]
    [InlineData(8, 1, 255, -128)]
    [InlineData(8, 2, 0, -128)]
    [InlineData(8, 5, 0, 127)]
    [InlineData(8, 16, 255, 127)]
    [InlineData(8, 16, null, null)]
    [InlineData(8, 64, null, null)]
    [InlineData(7, 1, 255, 63)]
    [InlineData(7, 1, 255, -64)]
    [InlineData(7, 2, 255, -64)]
    [InlineData(7, 5, 255, -64)]
    [InlineData(7, 16, 255, -64)]
    [InlineData(7, 16, null, null)]
    [InlineData(7, 64, null, null)]
    [InlineData(7, 301, null, null)]
    public void Products_of_codes_are_exact(int bits, int rows, int? activation, int? weight)
    {
        var (lowest, highest) = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
        var activations = Fill(rows * Inputs, i => (byte)(activation ?? (i % 3 == 0 ? 255 : i * 7919 % 256)));
        var weights = Fill(Inputs * Outputs, i => (sbyte)(weight ?? (i % 5 == 0 ? highest : i % 7 == 0 ? lowest
            : i * 104729L % (highest - lowest + 1) + lowest)));
        var (scales, bias) = (Fill(Outputs, i => MathF.ScaleB(1, i % 4 - 2)), Fill(Outputs, i => i - 20.5f));
        foreach (var zeroPoint in (byte[])[128, 3])
        {
            foreach (var threads in (int[])[1, 2])
            {
                using var options = OnnxEnvironment.NewSessionOptions(bits);
                options.IntraOpNumThreads = threads;
                using var session = new InferenceSession(Model(weights, scales, bias, zeroPoint), options);
                using var run = new RunOptions();
                using var input = OrtValue.CreateTensorValueFromMemory(activations, [rows, Inputs]);
                using var results = session.Run(run, ["A"], [input], ["Y"]);
                var actual = results[0].GetTensorDataAsSpan<float>();
                for (var row = 0; row < rows; row++)
                {
                    for (var column = 0; column < Outputs; column++)
                    {
                        var sum = 0;
                        for (var k = 0; k < Inputs; k++)
                            sum += (activations[row * Inputs + k] - zeroPoint) * weights[k * Outputs + column];
                        // Below 2^24, and scales are powers of two: float32 has the whole result exactly.
                        Assert.Equal(sum * ActivationScale * scales[column] + bias[column], actual[row * Outputs + column]);
                    }
                }
            }
        }
    }

    private static T[] Fill<T>(int count, Func<int, T> value) => [.. Enumerable.Range(0, count).Select(value)];

    private static byte[] Model(sbyte[] weights, float[] scales, float[] bias, byte zeroPoint)
    {
        var node = new NodeProto
        {
            OpType = "MatMulIntegerToFloat",
            Domain = "com.microsoft",
            Input = { "A", "B", "a_scale", "b_scale", "a_zero_point", "", "bias" },
            Output = { "Y" },
        };
        return new ModelProto
        {
            IrVersion = 8,
            Graph = new()
            {
                Name = "product",
                Node = { node },
                Input = { Port("A", DataType.Uint8, Inputs) },
                Output = { Port("Y", DataType.Float, Outputs) },
                Initializer =
                {
                    Tensor("B", DataType.Int8, MemoryMarshal.AsBytes(weights.AsSpan()), Inputs, Outputs),
                    Tensor("a_scale", DataType.Float, MemoryMarshal.AsBytes<float>(new[] { ActivationScale })),
                    Tensor("b_scale", DataType.Float, MemoryMarshal.AsBytes(scales.AsSpan()), Outputs),
                    Tensor("a_zero_point", DataType.Uint8, [zeroPoint]),
                    Tensor("bias", DataType.Float, MemoryMarshal.AsBytes(bias.AsSpan()), Outputs),
                },
            },
            OpsetImport =
            {
                new OperatorSetIdProto { Domain = "", Version = 18 },
                new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 },
            },
        }.ToByteArray();
    }

    private static TensorProto Tensor(string name, DataType type, ReadOnlySpan<byte> bytes, params long[] shape) =>
        new() { Name = name, DataType = type, RawData = ByteString.CopyFrom(bytes), Dims = { shape } };

    private static ValueInfoProto Port(string name, DataType type, long columns)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "rows" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = columns });
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = type, Shape = shape } } };
    }
}
