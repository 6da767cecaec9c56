using System.Buffers.Binary;

namespace HoloZero.Artifacts;

/// <summary>
/// Which byte most often follows which bytes in a text: guesses that a model checks several of in one call. A guess costs nothing but time
/// when it is wrong. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// The file: <c>HZDRAFT1</c>, the SHA-256 of the checkpoint (32 bytes), the number of entries (uint32, little-endian), then 8 bytes an
/// entry, sorted and without duplicates: the length of the context, its bytes, oldest first and filled up with zeros to
/// <see cref="MaxContext"/>, the byte that follows, and how often it does, in 255ths of the context's occurrences.
/// </remarks>
public sealed class DraftTable
{
    /// <summary>Bytes of the longest context.</summary>
    public const int MaxContext = 5;

    /// <summary>The most entries that a table may have: 2 MiB of them.</summary>
    public const int MostEntries = 1 << 18;

    private const int HeaderBytes = 8 + Sha256Bytes + sizeof(uint), EntryBytes = 8, Sha256Bytes = 32;

    private readonly Dictionary<ulong, DraftGuess> _entries;

    /// <summary>A table of these entries.</summary>
    /// <param name="checkpointSha256">Of the checkpoint whose drafts they are, 64 lower-case hexadecimal digits.</param>
    /// <param name="entries">No context twice.</param>
    /// <exception cref="ArgumentException">
    /// The hash is none, a context is empty, longer than <see cref="MaxContext"/> or there twice, or there are too many.
    /// </exception>
    public DraftTable(string checkpointSha256, IEnumerable<DraftEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (checkpointSha256 is not { Length: 2 * Sha256Bytes } || checkpointSha256.AsSpan().ContainsAnyExcept("0123456789abcdef"))
            throw new ArgumentException($"{checkpointSha256} is no SHA-256", nameof(checkpointSha256));
        CheckpointSha256 = checkpointSha256;
        _entries = entries.ToDictionary(entry => Key(entry.Context.Span), entry => new DraftGuess(entry.Next, entry.Share));
        if (_entries.Count > MostEntries) throw new ArgumentException($"{_entries.Count} entries are more than {MostEntries}",
            nameof(entries));
    }

    private DraftTable(string checkpointSha256, Dictionary<ulong, DraftGuess> entries) =>
        (CheckpointSha256, _entries) = (checkpointSha256, entries);

    /// <summary>Of the checkpoint whose drafts they are, 64 lower-case hexadecimal digits.</summary>
    public string CheckpointSha256 { get; }

    /// <summary>How many contexts it knows.</summary>
    public int Count => _entries.Count;

    /// <summary>What the text says follows; the longest context that is known decides.</summary>
    /// <param name="history">The bytes so far, the newest last.</param>
    /// <returns>The guess; null where none is known.</returns>
    public DraftGuess? Find(ReadOnlySpan<byte> history)
    {
        for (var length = Math.Min(MaxContext, history.Length); length > 0; length--)
        {
            if (_entries.TryGetValue(Key(history[^length..]), out var guess)) return guess;
        }

        return null;
    }

    /// <summary>Writes it.</summary>
    /// <param name="stream">Where to.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var bytes = new byte[HeaderBytes + EntryBytes * _entries.Count];
        Magic.CopyTo(bytes);
        Convert.FromHexString(CheckpointSha256).CopyTo(bytes, Magic.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(HeaderBytes - sizeof(uint)), (uint)_entries.Count);
        var at = HeaderBytes;
        foreach (var (key, guess) in _entries.OrderBy(pair => pair.Key))
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(at), key);
            (bytes[at + 6], bytes[at + 7]) = (guess.Next, guess.Share);
            at += EntryBytes;
        }

        stream.Write(bytes);
    }

    /// <summary>Reads a table.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="BadInputException">It cannot be read or is no table.</exception>
    public static DraftTable Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        return Read(path, stream);
    }

    /// <summary>Reads a table from a stream that knows its length.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="stream">The stream, at the table's begin; not disposed.</param>
    /// <exception cref="BadInputException">It cannot be read or is no table.</exception>
    public static DraftTable Read(string path, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Length < HeaderBytes || (stream.Length - HeaderBytes) % EntryBytes != 0
            || (stream.Length - HeaderBytes) / EntryBytes > MostEntries)
        {
            throw Unsound($"it has {stream.Length} bytes");
        }

        var bytes = new byte[stream.Length];
        InputFile.Guard(path, () =>
        {
            stream.ReadExactly(bytes);
            return true;
        });
        if (!bytes.AsSpan(0, Magic.Length).SequenceEqual(Magic)) throw Unsound("it does not begin with HZDRAFT1");
        var sha256 = Convert.ToHexStringLower(bytes.AsSpan(Magic.Length, Sha256Bytes));
        var count = (bytes.Length - HeaderBytes) / EntryBytes;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(HeaderBytes - sizeof(uint))) != count)
            throw Unsound("its number of entries is not that of its bytes");

        var entries = new Dictionary<ulong, DraftGuess>(count);
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.AsSpan(HeaderBytes + i * EntryBytes, EntryBytes);
            var length = entry[0];
            if (length is 0 or > MaxContext) throw Unsound($"entry {i} has a context of {length} bytes");
            if (entry[(1 + length)..(1 + MaxContext)].ContainsAnyExcept((byte)0)) throw Unsound($"entry {i} is not filled up with zeros");
            if (!entries.TryAdd(Key(entry.Slice(1, length)), new(entry[6], entry[7]))) throw Unsound($"entry {i} is there twice");
        }

        return new(sha256, entries);

        BadInputException Unsound(string what) => new(path, $"it is no sound draft table ({what})", "export the model again");
    }

    private static ReadOnlySpan<byte> Magic => "HZDRAFT1"u8;

    /// <summary>The context as a number, with two low bytes to spare: how an entry begins in the file.</summary>
    private static ulong Key(ReadOnlySpan<byte> context)
    {
        if (context.Length is 0 or > MaxContext) throw new ArgumentException($"a context has 1 to {MaxContext} bytes", nameof(context));
        var key = (ulong)context.Length << 56;
        for (var i = 0; i < context.Length; i++) key |= (ulong)context[i] << (48 - 8 * i);
        return key;
    }
}

/// <summary>What a text says of a context.</summary>
/// <param name="Context">The bytes before, oldest first, 1 to <see cref="DraftTable.MaxContext"/>.</param>
/// <param name="Next">The byte that most often follows.</param>
/// <param name="Share">How often it does, in 255ths of the context's occurrences.</param>
public readonly record struct DraftEntry(ReadOnlyMemory<byte> Context, byte Next, byte Share);

/// <summary>What probably comes next.</summary>
/// <param name="Next">The byte.</param>
/// <param name="Share">How often it does, in 255ths.</param>
public readonly record struct DraftGuess(byte Next, byte Share);
