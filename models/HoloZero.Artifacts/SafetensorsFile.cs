using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Collections.Immutable;

namespace HoloZero.Artifacts;

/// <summary>A tensor in a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its stored element type.</param>
/// <param name="Shape">Its shape, row-major; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, counted from the start of the file.</param>
/// <param name="ByteLength">How many bytes it has: elements times element size.</param>
public sealed record SafetensorsEntry(string Name, TensorType Type, ImmutableArray<long> Shape, long Offset, long ByteLength);

/// <summary>
/// Reads a safetensors file. The whole header is validated on opening; tensors are read when asked for.
/// Thread-safe for reading. Owns the open file: dispose it.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>The longest header that the format allows, in bytes.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private const int ChunkBytes = 1 << 18;
    private readonly FileStream? _stream;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly FrozenDictionary<string, SafetensorsEntry> _byName;

    private SafetensorsFile(string path, FileStream? stream, ReadOnlyMemory<byte> bytes)
    {
        (Path, _stream, _bytes, Length) = (path, stream, bytes, stream?.Length ?? bytes.Length);
        Span<byte> prefix = stackalloc byte[8];
        if (Length < prefix.Length) throw Bad($"it has {Length} bytes, too few for a safetensors file");
        ReadExactly(prefix, 0);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > (ulong)(Length - prefix.Length))
        {
            throw Bad($"its header claims {headerLength} bytes, but the file has {Length}");
        }
        if (headerLength > MaxHeaderBytes) throw Bad($"its header has {headerLength} bytes, allowed are {MaxHeaderBytes}");
        var json = new byte[headerLength];
        ReadExactly(json, prefix.Length);
        var dataStart = prefix.Length + json.Length;
        var header = SafetensorsHeader.Parse(path, json, dataStart, Length - dataStart);
        (Metadata, Entries) = (header.Metadata, header.Entries);
        _byName = Entries.ToFrozenDictionary(e => e.Name);
    }

    /// <summary>The path that it was opened by.</summary>
    public string Path { get; }

    /// <summary>The file's size in bytes.</summary>
    public long Length { get; }

    /// <summary>The strings of <c>__metadata__</c>; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order in which their bytes lie in the file.</summary>
    public ImmutableArray<SafetensorsEntry> Entries { get; }

    /// <summary>Opens and validates a file.</summary>
    /// <exception cref="BadInputException">The file cannot be read or is not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string path) => Open(path, InputFile.OpenRead(path));

    /// <summary>Validates an open file.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="stream">The file, which this call takes over: it is closed with the result, or when the call fails.</param>
    /// <exception cref="BadInputException">The file cannot be read or is not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string path, FileStream stream)
    {
        try
        {
            return new SafetensorsFile(path, stream, default);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Validates a file in memory.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="bytes">Its bytes, which are not copied: they stay as they are for as long as the result is used.</param>
    /// <exception cref="BadInputException">It is not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string name, ReadOnlyMemory<byte> bytes) => new(name, null, bytes);

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Finds a tensor.</summary>
    /// <exception cref="BadInputException">There is none of that name.</exception>
    public SafetensorsEntry Entry(string name) => _byName.TryGetValue(name, out var entry) ? entry
        : throw new BadInputException(Path, $"it has no tensor {Untrusted.Quote(name)}", "use a file that has it");

    /// <summary>Reads a floating-point tensor as float32: float16 and bfloat16 exactly, float64 to the nearest.</summary>
    /// <returns>The elements, row-major; the caller owns the array.</returns>
    /// <exception cref="BadInputException">No such tensor, not floating-point, too long for an array, or the disk fails.</exception>
    public float[] ReadFloat32(string name) => Read<float>(FloatEntry(name), TensorConversion.ToFloat32);

    /// <summary>Reads a floating-point tensor as float64, exactly.</summary>
    /// <returns>The elements, row-major; the caller owns the array.</returns>
    /// <exception cref="BadInputException">No such tensor, not floating-point, too long for an array, or the disk fails.</exception>
    public double[] ReadFloat64(string name) => Read<double>(FloatEntry(name), TensorConversion.ToFloat64);

    /// <summary>Reads a tensor of unsigned bytes.</summary>
    /// <returns>The elements, row-major; the caller owns the array.</returns>
    /// <exception cref="BadInputException">No such tensor, not U8, too long for an array, or the disk fails.</exception>
    public byte[] ReadBytes(string name)
    {
        var entry = Entry(name);
        if (entry.Type != TensorType.UInt8) throw Bad($"its tensor {Untrusted.Quote(name)} is {entry.Type}, not {TensorType.UInt8}");
        return Read<byte>(entry, (_, source, target) => source.CopyTo(target));
    }

    /// <summary>The SHA-256 of the open file in lower-case hexadecimal.</summary>
    /// <exception cref="BadInputException">The disk fails.</exception>
    public string Sha256() => _stream is null ? FileHash.Sha256(_bytes.Span) : FileHash.Sha256(Path, _stream.SafeFileHandle);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream?.Dispose();

    private delegate void Convert<T>(TensorType type, ReadOnlySpan<byte> source, Span<T> target);

    private SafetensorsEntry FloatEntry(string name)
    {
        var entry = Entry(name);
        if (!entry.Type.IsFloatingPoint()) throw Bad($"its tensor {Untrusted.Quote(name)} is {entry.Type}, not floating-point");
        return entry;
    }

    private T[] Read<T>(SafetensorsEntry entry, Convert<T> convert)
    {
        var size = entry.Type.SizeInBytes();
        var count = entry.ByteLength / size;
        if (count > Array.MaxLength) throw Bad($"its tensor {Untrusted.Quote(entry.Name)} has {count} elements, too many for an array");
        var target = new T[count];
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (var done = 0; done < target.Length;)
            {
                var part = Math.Min(target.Length - done, ChunkBytes / size);
                var bytes = chunk.AsSpan(0, part * size);
                ReadExactly(bytes, entry.Offset + (long)done * size);
                convert(entry.Type, bytes, target.AsSpan(done, part));
                done += part;
            }
            return target;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private void ReadExactly(Span<byte> target, long offset)
    {
        if (_stream is null)
        {
            _bytes.Span.Slice((int)offset, target.Length).CopyTo(target);
            return;
        }

        try
        {
            while (target.Length > 0)
            {
                var read = RandomAccess.Read(_stream.SafeFileHandle, target, offset);
                if (read == 0) throw Bad("it was cut short while it was read");
                target = target[read..];
                offset += read;
            }
        }
        catch (IOException e)
        {
            throw Bad($"it cannot be read ({e.Message})", e);
        }
    }

    private BadInputException Bad(string what, Exception? inner = null) =>
        new(Path, what, "use a sound safetensors file of the expected content", inner);
}
