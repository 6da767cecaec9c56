using System.IO.Compression;

namespace HoloZero.Fuzz.Mutation;

/// <summary>
/// Varies a zip in its bytes, or as a list of records, packed anew with sound lengths and sums: dropped, repeated, renamed, deflated,
/// changed inside.
/// </summary>
internal static class ZipMutator
{
    private static readonly string[] Names = ["data.pkl", "a/data.pkl", "a/b/data.pkl", "archive/data/0", "archive/constants.pkl",
        "archive/byteorder", "archive/version", "", "/", "../x", "\u001b[31m/data.pkl", new('n', 4000)];

    private static readonly ByteMutator Bytes = new(
    [
        [.. "PK\u0001\u0002"u8], [.. "PK\u0003\u0004"u8], [.. "PK\u0005\u0006"u8], [.. "PK\u0006\u0006"u8], [.. "PK\u0006\u0007"u8],
        [.. "PK\u0007\b"u8], [8, 0], [0, 8], [1, 0, 16, 0], [255, 255, 255, 255], [.. "data.pkl"u8],
    ]);

    /// <inheritdoc cref="Mutator"/>
    public static byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        if (random.Next(3) == 0 || Read(input) is not { Count: > 0 } records)
            return random.Next(2) == 0 ? Bytes.Mutate(random, input, other) : MutateDirectory(random, input, other);
        var at = random.Next(records.Count);
        var (name, bytes) = records[at];
        switch (random.Next(6))
        {
            case 0: records.RemoveAt(at); break;
            case 1: records.Add(records[at]); break;
            case 2: records[at] = (Names[random.Next(Names.Length)], bytes); break;
            case 3 when Read(other) is { Count: > 0 } others: records.Add(others[random.Next(others.Count)]); break;
            case 4: records[at] = (name, Bytes.Mutate(random, bytes, bytes)); break;
            default:
                at = records.FindIndex(record => record.Name.EndsWith("data.pkl", StringComparison.Ordinal));
                if (at >= 0) records[at] = (records[at].Name, PickleMutator.Mutate(random, records[at].Bytes, []));
                break;
        }
        return Write(records, random.Next(4) == 0 ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
    }

    /// <summary>A zip of these records.</summary>
    public static byte[] Write(IEnumerable<(string Name, byte[] Bytes)> records, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in records)
            {
                using var record = zip.CreateEntry(name.Length == 0 ? "?" : name, level).Open();
                record.Write(content);
            }
        }
        return stream.ToArray();
    }

    /// <summary>The records of a zip, or null where it is not a sound and small one.</summary>
    public static List<(string Name, byte[] Bytes)>? Read(byte[] input)
    {
        const int mostBytes = 1 << 20;
        try
        {
            using var zip = new ZipArchive(new MemoryStream(input), ZipArchiveMode.Read);
            var records = new List<(string, byte[])>();
            foreach (var entry in zip.Entries)
            {
                using var record = entry.Open();
                var bytes = new byte[mostBytes];
                var length = record.ReadAtLeast(bytes, mostBytes, throwOnEndOfStream: false);
                if (length == mostBytes) return null;
                records.Add((entry.FullName, bytes[..length]));
            }
            return records;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Where a flipped bit says most: the directory at the end.</summary>
    private static byte[] MutateDirectory(Random random, byte[] input, byte[] other)
    {
        var directory = Math.Max(input.AsSpan().IndexOf("PK\u0001\u0002"u8), 0);
        return [.. input.AsSpan(0, directory), .. Bytes.Mutate(random, input[directory..], other)];
    }
}
