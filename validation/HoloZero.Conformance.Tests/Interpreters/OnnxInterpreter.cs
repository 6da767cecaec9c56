using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Exporter;
using HoloZero.Exporter.Onnx;
using HoloZero.Models.Ops;
using HoloZero.Testing;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static HoloZero.Exporter.Onnx.TensorProto.Types;

namespace HoloZero.Conformance;

/// <summary>A variant of the exported graph: each case is recorded, written, and run by ONNX Runtime on the processor.</summary>
internal sealed class OnnxInterpreter(GraphVariant variant, Tolerances tolerances) : Interpreter<GraphValue>
{
    public override Tolerances Tolerances => tolerances;

    public override Type RefusalType => typeof(ShapeException);

    protected override Type Operations { get; } = variant.Interpreter(new GraphRecorder(), _ => []).GetType();

    protected override int[][] Shapes(OperationCase<GraphValue> test)
    {
        // Recorded at the shapes of the case itself, since these are what is compared.
        var graph = Record(test with { RecordedWith = test.Inputs }, op => op);
        return [.. graph.Outputs.Select(port => port.Value.Shape.Dimensions)];
    }

    protected override Tensor[] Run(OperationCase<GraphValue> test, Func<ITensorOps<GraphValue>, ITensorOps<GraphValue>> decorate)
    {
        var graph = Record(test, decorate);
        using var folder = new TemporaryFolder();
        OnnxFile.Write(graph, folder["case.onnx"], variant.Opsets, ("conformance", "0"));

        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using var session = new InferenceSession(folder["case.onnx"], options);
        using var run = new RunOptions();
        OrtValue[] inputs = [.. graph.Inputs.Zip(test.Inputs, (port, tensor) => Value(port.Value.Type, tensor))];
        try
        {
            using var results = session.Run(run, [.. graph.Inputs.Select(Name)], inputs, [.. graph.Outputs.Select(Name)]);
            return [.. results.Select(Read)];
        }
        finally
        {
            foreach (var input in inputs) input.Dispose();
        }

        static string Name(GraphPort port) => port.Value.Name;
    }

    protected override void Refuse(Refusal<GraphValue> refusal)
    {
        var op = variant.Interpreter(new GraphRecorder(), _ => []);
        refusal.Body(op.At(Refusal<GraphValue>.Module), [.. refusal.Inputs.Select((tensor, i) => Input(tensor, i).Value)]);
    }

    private RecordedGraph Record(OperationCase<GraphValue> test, Func<ITensorOps<GraphValue>, ITensorOps<GraphValue>> decorate)
    {
        var recorder = new GraphRecorder();
        GraphPort[] inputs = [.. test.RecordedWith.Select(Input)];
        var op = decorate(variant.Interpreter(recorder, name => [.. test.Parameters[name].Values.Select(value => (float)value)]));
        var results = test.Body(op, [.. inputs.Select(port => port.Value)]);

        // An output of its own for each result: one value may be wanted twice, or be an input that came through untouched.
        var outputs = results.Select(result => recorder.Node("result", "Identity", result.Type, result.Shape, [result]));
        return new(test.Operation, recorder, inputs, [.. outputs.Select(Port)]);
    }

    private static GraphPort Input(Tensor tensor, int number) =>
        Port(new($"input.{number}", TypeOf(tensor.Element), ShapeInterpreter.ShapeOf(tensor)));

    /// <summary>Only the rank is promised, so that no length can be built into the graph on the strength of a declaration.</summary>
    private static GraphPort Port(GraphValue value) =>
        new(value, [.. Enumerable.Range(0, value.Shape.Rank).Select(axis => (Dimension)$"{value.Name}.{axis}")]);

    private static DataType TypeOf(Element element) => element switch
    {
        Element.Real => DataType.Float,
        Element.Whole => DataType.Int64,
        Element.Byte => DataType.Uint8,
        Element.Condition => DataType.Bool,
        _ => throw new ArgumentOutOfRangeException(nameof(element)),
    };

    private static OrtValue Value(DataType type, Tensor tensor)
    {
        var (elementType, bytes) = type switch
        {
            DataType.Float => (TensorElementType.Float, Bytes(tensor.Values.Select(value => (float)value))),
            DataType.Int64 => (TensorElementType.Int64, Bytes(tensor.Values.Select(value => checked((long)value)))),
            DataType.Uint8 => (TensorElementType.UInt8, Bytes(tensor.Values.Select(value => checked((byte)value)))),
            DataType.Bool => (TensorElementType.Bool, Bytes(tensor.Values.Select(value => value != 0))),
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, elementType,
            [.. tensor.Shape.Select(length => (long)length)]);
        if (bytes.Length > 0) bytes.CopyTo(value.GetTensorMutableRawData());
        return value;

        static byte[] Bytes<TElement>(IEnumerable<TElement> values) where TElement : struct =>
            MemoryMarshal.AsBytes<TElement>(values.ToArray()).ToArray();
    }

    private static Tensor Read(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        int[] shape = [.. info.Shape.Select(length => checked((int)length))];
        if (shape.Contains(0)) return new(Element.Real, [], shape);
        return info.ElementDataType switch
        {
            TensorElementType.Float => Of(value.GetTensorDataAsSpan<float>(), Element.Real),
            TensorElementType.Int64 => Of(value.GetTensorDataAsSpan<long>(), Element.Whole),
            TensorElementType.UInt8 => Of(value.GetTensorDataAsSpan<byte>(), Element.Byte),
            TensorElementType.Bool => Of(MemoryMarshal.AsBytes(value.GetTensorDataAsSpan<bool>()), Element.Condition),
            var other => throw new NotSupportedException($"no operation gives {other}"),
        };

        Tensor Of<TElement>(ReadOnlySpan<TElement> values, Element element) where TElement : System.Numerics.INumberBase<TElement>
        {
            var doubles = new double[values.Length];
            for (var i = 0; i < doubles.Length; i++) doubles[i] = double.CreateChecked(values[i]);
            return new(element, doubles, shape);
        }
    }
}
