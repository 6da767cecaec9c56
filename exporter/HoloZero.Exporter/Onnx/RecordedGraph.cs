using HoloZero.Artifacts;

namespace HoloZero.Exporter.Onnx;

/// <summary>A graph input or output with its symbolic shape.</summary>
internal sealed record GraphPort(GraphValue Value, IReadOnlyList<Dimension> Axes);

/// <summary>Recorded nodes with the inputs that they read and the outputs that someone wants of them.</summary>
/// <param name="Name">What the graph is called in the file.</param>
/// <param name="Recorder">The nodes; those that no output needs are not written.</param>
/// <param name="Inputs">Every input, in order.</param>
/// <param name="Outputs">Every output, in order.</param>
internal record RecordedGraph(string Name, GraphRecorder Recorder, IReadOnlyList<GraphPort> Inputs, IReadOnlyList<GraphPort> Outputs);
