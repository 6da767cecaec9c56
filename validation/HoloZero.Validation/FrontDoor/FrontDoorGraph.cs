using HoloZero.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Validation;

/// <summary>The front door cut out of an exported graph, on ONNX Runtime. Thread-safe; one thread computes a call. Dispose it.</summary>
internal sealed class FrontDoorGraph : IDisposable
{
    /// <summary>The node that puts prefix and stream rows side by side: what it makes is what the first block sees.</summary>
    public const string DoorNode = "door/Concat";

    private readonly Piece _stream, _prefix, _door;

    private FrontDoorGraph(Piece stream, Piece prefix, Piece door) => (_stream, _prefix, _door) = (stream, prefix, door);

    /// <summary>Cuts it out; null where the graph has no <see cref="DoorNode"/>.</summary>
    public static FrontDoorGraph? CutFrom(OnnxSubgraph model)
    {
        if (model.Graph.Node.SingleOrDefault(node => node.Name == DoorNode) is not { Input.Count: 2 } door) return null;

        OnnxEnvironment.Ensure();
        return new(Cut(BeforePadding(door.Input[1])), Cut(BeforePadding(door.Input[0])), Cut(door.Output[0]));

        Piece Cut(string output) => Piece.Load(model.Extract(output), output);
        string BeforePadding(string rows) => model.ProducerOf(rows) is { OpType: "Pad" } pad ? pad.Input[0] : rows;
    }

    /// <summary>Features of stream bytes, row-major [batch, bytes, 27].</summary>
    public OrtValue Stream(Batch stream, Batch tail, long position) => _stream.Run(new([], 1, stream.Rows), stream, tail, position);

    /// <summary>Features of prefix bytes, row-major [batch, bytes, 27].</summary>
    public OrtValue Prefix(Batch prefix) => _prefix.Run(prefix, new([], 1, prefix.Rows), NoTail(prefix), 0);

    /// <summary>What the first block sees of a sequence that begins: [batch, slots + stream bytes, d].</summary>
    public OrtValue Door(Batch prefix, Batch stream) => _door.Run(prefix, stream, NoTail(stream), 0);

    /// <summary>The tail of a sequence that has no bytes yet.</summary>
    public static Batch NoTail(Batch like) => new(new byte[2 * like.Rows], 2, like.Rows);

    public void Dispose()
    {
        _stream.Dispose();
        _prefix.Dispose();
        _door.Dispose();
    }

    /// <summary>Rows of bytes, [rows, bytes / rows]; where there are no bytes, [rows, 0].</summary>
    internal readonly record struct Batch(byte[] Bytes, int RowBytes, int Rows)
    {
        public OrtValue ToTensor() => OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Bytes.AsMemory(),
            [Rows, Bytes.Length == 0 ? 0 : RowBytes]);
    }

    private sealed record Piece(InferenceSession Session, string[] Inputs, string[] Outputs) : IDisposable
    {
        public static Piece Load(byte[] model, string output)
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1 };
            var session = new InferenceSession(model, options);
            return new(session, [.. session.InputMetadata.Keys], [output]);
        }

        public OrtValue Run(Batch prefix, Batch stream, Batch tail, long position)
        {
            OrtValue[] values = [.. Inputs.Select(ValueOf)];
            try
            {
                using var options = new RunOptions();
                return Session.Run(options, Inputs, values, Outputs)[0];
            }
            finally
            {
                foreach (var value in values) value.Dispose();
            }

            OrtValue ValueOf(string input) => input switch
            {
                "prefix" => prefix.ToTensor(),
                "stream" => stream.ToTensor(),
                "past.stream_tail" => tail.ToTensor(),
                "past.position" => OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, new[] { position }.AsMemory(), []),
                _ => throw new InvalidOperationException($"the front door depends on {input}"),
            };
        }

        public void Dispose() => Session.Dispose();
    }
}
