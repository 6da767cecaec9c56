using System.Security.Cryptography;
using HoloZero.Runtime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Validation;

/// <summary>The front door cut out of an exported graph, on ONNX Runtime. Thread-safe; one thread computes a call. Dispose it.</summary>
internal sealed class FrontDoorGraph : IDisposable
{
    private readonly Piece _stream, _prefix, _door;

    private FrontDoorGraph(byte[] stream, byte[] prefix, byte[] door)
    {
        (_stream, _prefix, _door) = (Piece.Load(stream), Piece.Load(prefix), Piece.Load(door));
        Identity = string.Concat(((byte[][])[stream, prefix, door]).Select(piece => Convert.ToHexStringLower(SHA256.HashData(piece))));
    }

    /// <summary>Cuts it out; null where no node puts prefix and stream rows one after the other.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="door">What that node makes: what the first block sees.</param>
    public static FrontDoorGraph? CutFrom(OnnxSubgraph model, string? door)
    {
        if (door is null || model.ProducerOf(door) is not { OpType: "Concat", Input: [var prefix, var stream] }) return null;

        OnnxEnvironment.Ensure();
        return new(model.Extract(BeforePadding(stream)), model.Extract(BeforePadding(prefix)), model.Extract(door));

        string BeforePadding(string rows) => model.ProducerOf(rows) is { OpType: "Pad" } pad ? pad.Input[0] : rows;
    }

    /// <summary>Whether the bytes before come as codes, in which 0 is no byte.</summary>
    public bool TakesCodes => _stream.Session.InputMetadata.TryGetValue("past.stream_tail", out var tail)
        && tail.ElementDataType == TensorElementType.Int32;

    /// <summary>Features of stream bytes, row-major [batch, bytes, 27].</summary>
    public OrtValue Stream(Batch stream, Tail tail, long position) => _stream.Run(new([], 1, stream.Rows), stream, tail, position);

    /// <summary>Features of prefix bytes, row-major [batch, bytes, 27].</summary>
    public OrtValue Prefix(Batch prefix) => _prefix.Run(prefix, new([], 1, prefix.Rows), NoTail(prefix), 0);

    /// <summary>What the first block sees of a sequence that begins: [batch, slots + stream bytes, d].</summary>
    public OrtValue Door(Batch prefix, Batch stream) => _door.Run(prefix, stream, NoTail(stream), 0);

    /// <summary>The tail of a sequence that has no bytes yet.</summary>
    public static Tail NoTail(Batch like) => new(new byte[2 * like.Rows], like.Rows, Present: 0);

    /// <summary>What the cut-out graphs are, byte for byte: those of the same identity compute the same.</summary>
    public string Identity { get; }

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

    /// <summary>The two bytes before each row.</summary>
    /// <param name="Bytes">[rows, 2], 0 where there is none.</param>
    /// <param name="Rows">Sequences side by side.</param>
    /// <param name="Present">How many of the two there are.</param>
    internal readonly record struct Tail(byte[] Bytes, int Rows, int Present)
    {
        private const int PresentByte = 256;

        /// <summary>As the graph wants it: bytes, or codes that tell 0x00 from a byte that is not there.</summary>
        public OrtValue ToTensor(TensorElementType type)
        {
            if (type == TensorElementType.UInt8) return new Batch(Bytes, 2, Rows).ToTensor();

            var codes = new int[Bytes.Length];
            for (var i = 0; i < codes.Length; i++) codes[i] = i % 2 >= 2 - Present ? PresentByte + Bytes[i] : 0;
            return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, codes.AsMemory(), [Rows, 2]);
        }
    }

    private sealed record Piece(InferenceSession Session, string[] Inputs, string[] Outputs) : IDisposable
    {
        public static Piece Load(byte[] model)
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1 };
            var session = new InferenceSession(model, options);
            return new(session, [.. session.InputMetadata.Keys], [.. session.OutputMetadata.Keys]);
        }

        public OrtValue Run(Batch prefix, Batch stream, Tail tail, long position)
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
                "past.stream_tail" => tail.ToTensor(Session.InputMetadata[input].ElementDataType),
                "past.position" => Positions(Session.InputMetadata[input].Dimensions.Length),
                _ => throw new InvalidOperationException($"the front door depends on {input}"),
            };

            // One for all rows, or one for each.
            OrtValue Positions(int rank) => OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance,
                Enumerable.Repeat(position, rank == 0 ? 1 : stream.Rows).ToArray().AsMemory(), rank == 0 ? [] : [stream.Rows]);
        }

        public void Dispose() => Session.Dispose();
    }
}
