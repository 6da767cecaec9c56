using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace HoloZero.Artifacts;

/// <summary>
/// Writes a safetensors file: tensors in the order in which they were added, metadata sorted by key, so equal content gives
/// equal bytes. Add wide types first where the data should be aligned. Not thread-safe. Keeps the arrays that are added,
/// uncopied, until it is collected: leave them alone until after writing.
/// </summary>
public sealed class SafetensorsWriter
{
    private const int ChunkElements = 1 << 15;
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<Tensor> _tensors = [];
    private readonly HashSet<string> _names = ["__metadata__"];

    /// <summary>Creates a writer.</summary>
    /// <param name="metadata">The strings of <c>__metadata__</c>; none leaves it out.</param>
    public SafetensorsWriter(IReadOnlyDictionary<string, string>? metadata = null)
    {
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>()) _metadata.Add(key, value);
    }

    /// <summary>Adds a tensor of any type from its little-endian bytes.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the bytes do not match the shape.</exception>
    public void Add(string name, TensorType type, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> data) =>
        Add(name, type, shape, data.Length / type.SizeInBytes(), data.Length, stream => stream.Write(data.Span));

    /// <summary>Adds a float32 tensor.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the elements do not match the shape.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, float[] data) => Add(name, TensorType.Float32, shape, data.Length,
        data.Length * 4L, stream => WriteElements(stream, data, 4, BinaryPrimitives.WriteSingleLittleEndian));

    /// <summary>Adds a float64 tensor.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the elements do not match the shape.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, double[] data) => Add(name, TensorType.Float64, shape, data.Length,
        data.Length * 8L, stream => WriteElements(stream, data, 8, BinaryPrimitives.WriteDoubleLittleEndian));

    /// <summary>Adds a tensor of unsigned bytes.</summary>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the elements do not match the shape.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, byte[] data) => Add(name, TensorType.UInt8, shape, data);

    /// <summary>Writes everything to a stream, which the caller keeps. May be called again.</summary>
    public void Write(Stream stream)
    {
        var header = Header();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in _tensors) tensor.Write(stream);
    }

    /// <summary>Writes a file, replacing one of that name; it appears whole or not at all.</summary>
    /// <exception cref="BadInputException">The path is no place for a file, or its folder is missing or not writable.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public void Write(string path) => OutputFile.Write(path, Write);

    private void Add(string name, TensorType type, ReadOnlySpan<long> shape, long elements, long bytes, Action<Stream> write)
    {
        if (!TensorShape.TryCount(shape, out var count) || count != elements || bytes != count * type.SizeInBytes())
        {
            throw new ArgumentException($"tensor '{name}': {bytes} bytes are not {type} {TensorShape.Format(shape.ToArray())}");
        }
        if (!_names.Add(name)) throw new ArgumentException($"tensor '{name}': the name is taken", nameof(name));
        _tensors.Add(new Tensor(name, type, shape.ToArray(), bytes, write));
    }

    private byte[] Header()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (_metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in _metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var tensor in _tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type.SafetensorsName());
                WriteCounts(json, "shape", tensor.Shape);
                WriteCounts(json, "data_offsets", [offset, offset + tensor.ByteLength]);
                json.WriteEndObject();
                offset += tensor.ByteLength;
            }
            json.WriteEndObject();
        }
        var header = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        header.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header.LongLength <= SafetensorsFile.MaxHeaderBytes ? header
            : throw new InvalidOperationException($"the header has {header.Length} bytes, allowed are {SafetensorsFile.MaxHeaderBytes}");
    }

    private static void WriteCounts(Utf8JsonWriter json, string name, long[] counts)
    {
        json.WriteStartArray(name);
        foreach (var count in counts) json.WriteNumberValue(count);
        json.WriteEndArray();
    }

    private delegate void WriteElement<T>(Span<byte> target, T value);

    private static void WriteElements<T>(Stream stream, T[] data, int size, WriteElement<T> write)
    {
        var chunk = new byte[Math.Min(data.Length, ChunkElements) * size];
        for (var done = 0; done < data.Length; done += ChunkElements)
        {
            var part = data.AsSpan(done, Math.Min(ChunkElements, data.Length - done));
            for (var i = 0; i < part.Length; i++) write(chunk.AsSpan(i * size), part[i]);
            stream.Write(chunk, 0, part.Length * size);
        }
    }

    private sealed record Tensor(string Name, TensorType Type, long[] Shape, long ByteLength, Action<Stream> Write);
}
