using System.IO.Compression;

namespace HoloZero.Artifacts;

/// <summary>Reads a zip archive of an artifact into memory: what its manifest lists, and no more of each than it says. Stateless.</summary>
internal static class ArtifactArchive
{
    private const string Where = "(archive)", Remedy = "zip the folder that holozero-export wrote";

    /// <exception cref="BadInputException">It is no archive of an artifact.</exception>
    public static Dictionary<string, ReadOnlyMemory<byte>> Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var manifest = archive.Entries.Where(entry => entry.Name == ArtifactManifest.FileName).MinBy(entry => entry.FullName.Length)
                ?? throw new BadInputException(Where, $"it holds no {ArtifactManifest.FileName}", Remedy);
            var folder = manifest.FullName[..^manifest.Name.Length];
            var files = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal)
            {
                [manifest.Name] = Bytes(manifest, ArtifactManifest.MostBytes),
            };
            using var json = new MemoryStream(files[manifest.Name].ToArray());
            foreach (var (name, file) in ArtifactManifest.Read($"{Where}/{manifest.Name}", json).Files)
            {
                // What is missing is told by whoever holds the files against the manifest.
                if (archive.GetEntry(folder + name) is { } entry) files[name] = Bytes(entry, file.Bytes);
            }

            return files;
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw new BadInputException(Where, $"it is no sound zip archive ({Untrusted.Cut(e.Message)})", Remedy, e);
        }
    }

    /// <summary>A byte more than the most tells that there are too many.</summary>
    private static byte[] Bytes(ZipArchiveEntry entry, long most)
    {
        using var content = entry.Open();
        return InputFile.ReadFirstBytes($"{Where}/{entry.Name}", content, (int)Math.Min(most + 1, Array.MaxLength));
    }
}
