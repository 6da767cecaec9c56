using System.Text;

namespace HoloZero.Artifacts;

/// <summary>
/// Which files a graph has its weights in. Whoever runs it opens them by the names that stand in it, so they have to be known before.
/// Reads no weights: what carries no names is passed over. Stateless and thread-safe.
/// </summary>
internal static class OnnxDataFiles
{
    // What protocol buffers allow messages within messages; a name longer than a file system allows is no file's.
    private const int MostDepth = 100, MostNameBytes = 4096, MostVarintBytes = 10;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    /// <summary>Messages of onnx.proto in which others lie that name files, by the numbers of their fields.</summary>
    private static readonly Dictionary<(Message, ulong), Message> Inner = new()
    {
        [(Message.Model, 7)] = Message.Graph,
        [(Message.Model, 20)] = Message.Training,
        [(Message.Model, 25)] = Message.Function,
        [(Message.Training, 1)] = Message.Graph,
        [(Message.Training, 2)] = Message.Graph,
        [(Message.Graph, 1)] = Message.Node,
        [(Message.Graph, 5)] = Message.Tensor,
        [(Message.Graph, 15)] = Message.SparseTensor,
        [(Message.Function, 7)] = Message.Node,
        [(Message.Function, 11)] = Message.Attribute,
        [(Message.Node, 5)] = Message.Attribute,
        [(Message.Attribute, 5)] = Message.Tensor,
        [(Message.Attribute, 6)] = Message.Graph,
        [(Message.Attribute, 10)] = Message.Tensor,
        [(Message.Attribute, 11)] = Message.Graph,
        [(Message.Attribute, 22)] = Message.SparseTensor,
        [(Message.Attribute, 23)] = Message.SparseTensor,
        [(Message.SparseTensor, 1)] = Message.Tensor,
        [(Message.SparseTensor, 2)] = Message.Tensor,
        [(Message.Tensor, 13)] = Message.Entry,
    };

    private enum Message
    {
        Model,
        Training,
        Function,
        Graph,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
        Entry,
    }

    /// <summary>The names in an .onnx file, each once, in their order there.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="stream">The file, from its begin; not disposed.</param>
    /// <exception cref="BadInputException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is no sound protocol buffer.</exception>
    public static IReadOnlyList<string> Named(string path, Stream stream) => InputFile.Guard(path, () =>
    {
        var names = new List<string>();
        Read(stream, Message.Model, stream.Length, 0, names);
        return names.Distinct(StringComparer.Ordinal).ToList();
    });

    private static void Read(Stream stream, Message message, long end, int depth, List<string> names)
    {
        if (depth > MostDepth) throw new InvalidDataException("messages lie too deep in one another");
        byte[]? key = null, value = null;
        while (stream.Position < end)
        {
            var tag = ReadVarint(stream, end);
            // Others keep 32 bits of a tag, and would see another field.
            if (tag > uint.MaxValue) throw new InvalidDataException("a field's number is too large");
            var field = tag >> 3;
            if (field == 0) throw new InvalidDataException("a field has the number 0");
            switch ((int)(tag & 7))
            {
                case Varint: ReadVarint(stream, end); break;
                case Fixed64: Skip(stream, 8, end); break;
                case Fixed32: Skip(stream, 4, end); break;
                case Delimited:
                    var length = ReadVarint(stream, end);
                    if (length > (ulong)(end - stream.Position)) throw new InvalidDataException("a field ends beyond its message");
                    if (message == Message.Entry && field == 1) key = ReadText(stream, (long)length);
                    else if (message == Message.Entry && field == 2) value = ReadText(stream, (long)length);
                    else if (Inner.TryGetValue((message, field), out var inner))
                        Read(stream, inner, stream.Position + (long)length, depth + 1, names);
                    else Skip(stream, (long)length, end);
                    break;
                default: throw new InvalidDataException("a field is of no kind that ONNX has");
            }
        }

        if (key.AsSpan().SequenceEqual("location"u8)) names.Add(Name(value ?? []));
    }

    /// <summary>Two names are never the same text here and two files there.</summary>
    private static string Name(byte[] bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("the name of a file is not UTF-8", e);
        }
    }

    private static ulong ReadVarint(Stream stream, long end)
    {
        var value = 0ul;
        for (var i = 0; i < MostVarintBytes && stream.Position < end; i++)
        {
            var next = (ulong)stream.ReadByte();
            value |= (next & 0x7f) << (7 * i);
            if (next < 0x80) return value;
        }

        throw new InvalidDataException("a number does not end");
    }

    private static byte[] ReadText(Stream stream, long length)
    {
        if (length > MostNameBytes) throw new InvalidDataException("the name of a file is too long");
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void Skip(Stream stream, long length, long end)
    {
        if (length > end - stream.Position) throw new InvalidDataException("a field ends beyond its message");
        stream.Seek(length, SeekOrigin.Current);
    }
}
