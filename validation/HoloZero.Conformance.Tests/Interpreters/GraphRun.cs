using System.Numerics;
using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;
using HoloZero.Testing;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Conformance;

/// <summary>A recorded graph, written and loaded by ONNX Runtime on one thread of the processor. Dispose it.</summary>
internal sealed class GraphRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SessionOptions _options = new() { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
    private readonly RecordedGraph _graph;
    private readonly InferenceSession _session;

    public GraphRun(RecordedGraph graph, IReadOnlyDictionary<string, int> opsets)
    {
        _graph = graph;
        OnnxFile.Write(graph.ToProto(), graph.Initializers(), _folder["case.onnx"], opsets, ("conformance", "0"));
        _session = new(_folder["case.onnx"], _options);
    }

    /// <summary>The input of a graph that <paramref name="tensor"/> goes into.</summary>
    public static GraphPort Input(Tensor tensor, int number) =>
        Port(new($"input.{number}", TypeOf(tensor.Element), ShapeInterpreter.ShapeOf(tensor)));

    /// <summary>Only the rank is promised, so that no length can be built into the graph on the strength of a declaration.</summary>
    public static GraphPort Port(GraphValue value) =>
        new(value, [.. Enumerable.Range(0, value.Shape.Rank).Select(axis => (Dimension)$"{value.Name}.{axis}")]);

    /// <summary>Runs it.</summary>
    /// <param name="inputs">One for each input of the graph.</param>
    /// <param name="inPlace">Outputs that are written into the memory of an input.</param>
    public Tensor[] Run(Tensor[] inputs, params (int Output, int Input)[] inPlace)
    {
        using var run = new RunOptions();
        using var binding = _session.CreateIoBinding();
        OrtValue[] values = [.. _graph.Inputs.Zip(inputs, (port, tensor) => Value(port.Value.Type, tensor))];
        try
        {
            for (var i = 0; i < values.Length; i++) binding.BindInput(_graph.Inputs[i].Value.Name, values[i]);
            for (var i = 0; i < _graph.Outputs.Count; i++)
            {
                var shared = inPlace.Where(pair => pair.Output == i).ToArray();
                if (shared is [var (_, input)]) binding.BindOutput(_graph.Outputs[i].Value.Name, values[input]);
                else binding.BindOutputToDevice(_graph.Outputs[i].Value.Name, OrtMemoryInfo.DefaultInstance);
            }

            _session.RunWithBinding(run, binding);
            using var results = binding.GetOutputValues();
            return [.. results.Select(Read)];
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    public void Dispose()
    {
        _session.Dispose();
        _options.Dispose();
        _folder.Dispose();
    }

    private static DataType TypeOf(Element element) => element switch
    {
        Element.Real => DataType.Float,
        Element.Whole => DataType.Int64,
        Element.Code => DataType.Int32,
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
            DataType.Int32 => (TensorElementType.Int32, Bytes(tensor.Values.Select(value => checked((int)value)))),
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
            TensorElementType.Float16 => Of(MemoryMarshal.Cast<byte, Half>(value.GetTensorMutableRawData()), Element.Real),
            TensorElementType.Int64 => Of(value.GetTensorDataAsSpan<long>(), Element.Whole),
            TensorElementType.Int32 => Of(value.GetTensorDataAsSpan<int>(), Element.Code),
            TensorElementType.UInt8 => Of(value.GetTensorDataAsSpan<byte>(), Element.Byte),
            TensorElementType.Bool => Of(MemoryMarshal.AsBytes(value.GetTensorDataAsSpan<bool>()), Element.Condition),
            var other => throw new NotSupportedException($"no operation gives {other}"),
        };

        Tensor Of<TElement>(ReadOnlySpan<TElement> values, Element element) where TElement : INumberBase<TElement>
        {
            var doubles = new double[values.Length];
            for (var i = 0; i < doubles.Length; i++) doubles[i] = double.CreateChecked(values[i]);
            return new(element, doubles, shape);
        }
    }
}
