using HoloZero.Exporter.Onnx;
using HoloZero.Models;
using HoloZero.Models.Ops;
using static HoloZero.Exporter.Onnx.TensorProto.Types;

namespace HoloZero.Exporter;

/// <summary>One axis of a graph input or output: a fixed length, or a name that stands for any length.</summary>
internal readonly record struct Dimension(long? Length, string? Name)
{
    public static implicit operator Dimension(int length) => new(length, null);

    public static implicit operator Dimension(string name) => new(null, name);
}

/// <summary>A graph input or output with its symbolic shape.</summary>
internal sealed record GraphPort(GraphValue Value, Dimension[] Shape);

/// <summary>A piece of state: what goes in, and what comes out to go in with the next call.</summary>
internal sealed record StatePort(GraphPort Past, GraphPort Present);

/// <summary>A recorded AsymDec: bytes and state in, logits and state out.</summary>
internal sealed record AsymDecGraph(GraphRecorder Recorder, GraphPort Prefix, GraphPort Stream, GraphPort Logits, IReadOnlyList<StatePort> State)
{
    public const string Batch = "batch", PrefixBytes = "prefix_bytes", StreamBytes = "stream_bytes", Past = "past", Present = "present";

    public IEnumerable<GraphPort> Inputs => [Prefix, Stream, .. State.Select(state => state.Past)];

    public IEnumerable<GraphPort> Outputs => [Logits, .. State.Select(state => state.Present)];

    /// <summary>Runs the architecture over graph values.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="interpreter">Makes the recording operations over a fresh recorder.</param>
    public static AsymDecGraph Record(AsymDecConfig config, Func<GraphRecorder, ITensorOps<GraphValue>> interpreter)
    {
        // Example lengths, all different, stand for the symbolic ones while shapes are followed.
        const int batch = 2, slots = 3, streamBytes = 5, past = 7;
        var (heads, k, prefixBytes) = (config.Heads, config.HeadWidth, slots * config.SlotBytes);
        var recorder = new GraphRecorder();

        var prefix = Input("prefix", DataType.Uint8, [batch, prefixBytes], Batch, PrefixBytes);
        var stream = Input("stream", DataType.Uint8, [batch, streamBytes], Batch, StreamBytes);
        var position = new GraphPort(new("past.position", DataType.Int64, new([], past)), []);
        var tail = Input("past.stream_tail", DataType.Uint8, [batch, 2], Batch, 2);
        var layers = Enumerable.Range(0, config.DecLayers).Select(i => (
            K: Input($"past.self_blocks.{i}.k", DataType.Float, [batch, heads, past, k], Batch, heads, Past, k),
            V: Input($"past.self_blocks.{i}.v", DataType.Float, [batch, heads, past, k], Batch, heads, Past, k),
            S: Input($"past.mem_blocks.{i}.s", DataType.Float, [batch, heads, k, k], Batch, heads, k, k),
            Z: Input($"past.mem_blocks.{i}.z", DataType.Float, [batch, heads, k, 1], Batch, heads, k, 1))).ToArray();

        var state = new AsymDecState<GraphValue>(position.Value, tail.Value,
            [.. layers.Select(l => new LayerState<GraphValue>(new(l.K.Value, l.V.Value), new(l.S.Value, l.Z.Value)))]);
        var output = AsymDec.Forward(interpreter(recorder), config, prefix.Value, stream.Value, state);

        var ports = new List<StatePort> { Carry(position, output.State.Position), Carry(tail, output.State.StreamTail) };
        foreach (var (before, after) in layers.Zip(output.State.Layers))
        {
            ports.Add(Carry(before.K, after.Attention.Keys));
            ports.Add(Carry(before.V, after.Attention.Values));
            ports.Add(Carry(before.S, after.Memory.S));
            ports.Add(Carry(before.Z, after.Memory.Z));
        }

        output.Logits.Name = "logits";
        return new(recorder, prefix, stream, new(output.Logits, [Batch, StreamBytes, AsymDecConfig.Vocabulary]), ports);

        static GraphPort Input(string name, DataType type, int[] example, params Dimension[] shape) =>
            new(new(name, type, new(example)), shape);
    }

    /// <summary>The output that replaces <paramref name="past"/>: same axes, except that a growing one has a new name.</summary>
    private static StatePort Carry(GraphPort past, GraphValue present)
    {
        present.Name = "present" + past.Value.Name["past".Length..];
        return new(past, new(present, [.. past.Shape.Select(axis => axis.Name == Past ? Present : axis)]));
    }
}
