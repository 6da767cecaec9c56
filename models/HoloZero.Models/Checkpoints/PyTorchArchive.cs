using System.IO.Compression;
using System.IO.Hashing;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// The zip that torch.save writes: <c>NAME/data.pkl</c>, <c>NAME/data/KEY</c> for each storage, <c>NAME/byteorder</c> since
/// PyTorch 2. Records are read when asked for, and every one that is read is held against its CRC-32, which .NET itself does not do.
/// Owns the stream; not thread-safe.
/// </summary>
internal sealed class PyTorchArchive : IDisposable
{
    private const string Remedy = "copy or download the file again, or save it anew with torch.save";
    private readonly string _path;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _records = new(StringComparer.Ordinal);
    private readonly string _root;

    // torch.serialization.set_crc32_options(False) writes 0 for every record. One 0 among others is a checksum like any other.
    private readonly bool _hasChecksums;

    public PyTorchArchive(string path, FileStream stream)
    {
        _path = path;
        _zip = Guard("its zip directory is damaged", () =>
        {
            var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            foreach (var entry in zip.Entries)
            {
                if (!_records.TryAdd(entry.FullName, entry)) throw Bad($"its zip has two records {Untrusted.Quote(entry.FullName)}");
            }
            return zip;
        });
        _hasChecksums = _records.Values.Any(entry => entry.Crc32 != 0);
        var roots = _records.Keys.Where(name => name.Split('/') is [_, "data.pkl"]).ToList();
        if (roots.Count != 1)
        {
            throw new BadInputException(path, $"this zip has {roots.Count} records NAME/data.pkl, a PyTorch checkpoint has one",
                "name a file written by torch.save");
        }
        _root = roots[0][..^"data.pkl".Length];
        if (_records.ContainsKey(_root + "constants.pkl"))
        {
            throw new BadInputException(path, "this is a TorchScript archive, not a checkpoint",
                "save the weights: torch.save({'model': model.state_dict(), 'cfg': {...}}, file)");
        }
        RequireLittleEndian();
    }

    /// <summary>Reads <c>data.pkl</c>.</summary>
    /// <param name="maxBytes">A longer one is refused.</param>
    public byte[] ReadPickle(int maxBytes) => ReadWhole("data.pkl", maxBytes);

    /// <summary>The length of a storage's record in bytes, or null if there is none.</summary>
    public long? StorageLength(string key) => _records.TryGetValue($"{_root}data/{key}", out var entry) ? entry.Length : null;

    /// <summary>Whether the storage's record is deflated, which PyTorch does not do: its length is then a mere claim.</summary>
    public bool IsCompressed(string key) => _records[$"{_root}data/{key}"] is var entry && entry.CompressedLength < entry.Length;

    /// <summary>Reads a part of a storage, and the rest of its record for the checksum.</summary>
    public byte[] ReadStorage(string key, long begin, int length) => Guard($"its record {Untrusted.Quote($"data/{key}")} is damaged", () =>
    {
        var entry = _records[$"{_root}data/{key}"];
        using var stream = Open(entry);
        var hash = new Crc32();
        Pass(stream, begin, hash);
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        hash.Append(bytes);
        if (!_hasChecksums) return bytes;
        Pass(stream, entry.Length - begin - length, hash);
        RequireChecksum(entry, hash);
        return bytes;
    });

    public void Dispose() => _zip.Dispose();

    private void RequireLittleEndian()
    {
        if (!_records.ContainsKey(_root + "byteorder")) return;
        var order = System.Text.Encoding.UTF8.GetString(ReadWhole("byteorder", 64)).Trim();
        if (order == "little") return;
        throw new BadInputException(_path, $"its numbers are stored in byte order {Untrusted.Quote(order)}, only 'little' is supported",
            "load it and save it anew with torch.save on a little-endian machine (x86, ARM)");
    }

    // The length in the directory is a claim: memory is taken only as bytes arrive.
    private byte[] ReadWhole(string record, int maxBytes) => Guard($"its record {record} is damaged", () =>
    {
        var entry = _records[_root + record];
        using var stream = Open(entry);
        using var bytes = new MemoryStream();
        var chunk = new byte[1 << 16];
        for (int read; (read = stream.Read(chunk)) > 0;)
        {
            bytes.Write(chunk, 0, read);
            if (bytes.Length > maxBytes)
            {
                throw new BadInputException(_path, $"its record {record} has more than {maxBytes} bytes",
                    "save only the model and its cfg: torch.save({'model': ..., 'cfg': ...}, file)");
            }
        }
        if (bytes.Length != entry.Length) throw Bad($"its record {record} is cut short");
        var hash = new Crc32();
        hash.Append(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        if (_hasChecksums) RequireChecksum(entry, hash);
        return bytes.ToArray();
    });

    private void RequireChecksum(ZipArchiveEntry entry, Crc32 hash)
    {
        if (hash.GetCurrentHashAsUInt32() is var actual && actual != entry.Crc32)
        {
            throw Bad($"its record {Untrusted.Quote(entry.FullName[_root.Length..])} has CRC-32 {actual:x8} where the zip says "
                + $"{entry.Crc32:x8}: it is damaged");
        }
    }

    private Stream Open(ZipArchiveEntry entry) =>
        entry.IsEncrypted ? throw Bad($"its record {Untrusted.Quote(entry.FullName)} is encrypted") : entry.Open();

    /// <summary>Reads on without keeping what is read.</summary>
    private void Pass(Stream stream, long count, Crc32 hash)
    {
        var chunk = new byte[1 << 16];
        while (count > 0)
        {
            var part = (int)Math.Min(count, chunk.Length);
            stream.ReadExactly(chunk, 0, part);
            if (_hasChecksums) hash.Append(chunk.AsSpan(0, part));
            count -= part;
        }
    }

    private T Guard<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            throw new BadInputException(_path, $"{what} ({e.Message})", Remedy, e);
        }
    }

    private BadInputException Bad(string what) => new(_path, what, Remedy);
}
