using System.Runtime.InteropServices;

namespace HoloZero.Artifacts;

/// <summary>A way in which an artifact's files are not what its manifest says.</summary>
/// <param name="File">The file's name.</param>
/// <param name="What">What is wrong, as the end of a sentence about the manifest.</param>
/// <param name="Actual">What is there.</param>
/// <param name="Expected">What the manifest says.</param>
public sealed record ArtifactFault(string File, string What, string Actual, string Expected)
{
    /// <summary>What to do about it.</summary>
    /// <value>To export the model again.</value>
    public string Remedy { get; init; } = "the folder is damaged or was edited: export the model again";
}

/// <summary>
/// An exported model: a folder with a manifest and the files that it names, on disk or in memory. Immutable; reads nothing after opening.
/// </summary>
/// <remarks>
/// A file may be a symbolic link, as model hubs and mounted volumes store them, and may lead out of the folder: what counts is that it
/// leads to a regular file of the size and hash that the manifest names. Nothing in the folder may be a pipe, a socket or a device, listed
/// or not. Files that a graph names, to keep weights in, are listed by names that begin with the graph's: so they are hashed with it, and
/// a graph reaches nothing else.
/// </remarks>
public sealed class ArtifactFolder
{
    private readonly IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? _bytes;

    private ArtifactFolder(string path, ArtifactManifest manifest, IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? bytes = null) =>
        (Path, Manifest, _bytes) = (path, manifest, bytes);

    /// <summary>The folder; of one in memory what messages call it.</summary>
    public string Path { get; }

    /// <summary>Its manifest.</summary>
    public ArtifactManifest Manifest { get; }

    /// <summary>Opens a folder and holds its files against the manifest.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="verifyHashes">Whether to read every file and compare its SHA-256, or only sizes.</param>
    /// <exception cref="BadInputException">The folder is no artifact, or a file is missing or differs from the manifest.</exception>
    public static ArtifactFolder Open(string path, bool verifyHashes = true)
    {
        var folder = OpenUnverified(path);
        return folder.Faults(verifyHashes).FirstOrDefault() is { } fault ? throw folder.Mismatch(fault) : folder;
    }

    /// <summary>
    /// Opens an artifact whose files are in memory, embedded in a program for example. Its graphs keep all weights within.
    /// </summary>
    /// <param name="files">
    /// Every file by its name, <see cref="ArtifactManifest.FileName"/> among them. Neither they nor their bytes change afterwards.
    /// </param>
    /// <param name="verifyHashes">Whether to compare the SHA-256 of every file, or only sizes; a model compares what it loads.</param>
    /// <exception cref="BadInputException">The files are no artifact, or one is missing or differs from the manifest.</exception>
    public static ArtifactFolder Open(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> files, bool verifyHashes = true)
    {
        ArgumentNullException.ThrowIfNull(files);
        const string memory = "(memory)";
        if (!files.TryGetValue(ArtifactManifest.FileName, out var json))
            throw new BadInputException(memory, $"it holds no {ArtifactManifest.FileName}", "give every file that holozero-export wrote");
        using var stream = AsStream(json);
        var manifest = ArtifactManifest.Read(System.IO.Path.Combine(memory, ArtifactManifest.FileName), stream);
        var folder = new ArtifactFolder(memory, manifest, files);
        return folder.Faults(verifyHashes).FirstOrDefault() is { } fault ? throw folder.Mismatch(fault) : folder;
    }

    /// <summary>Opens an artifact from a zip archive of its folder, all of which is read into memory.</summary>
    /// <param name="archive">The archive; the files may lie in one folder within it. Not disposed.</param>
    /// <param name="verifyHashes">Whether to compare the SHA-256 of every file, or only sizes; a model compares what it loads.</param>
    /// <exception cref="BadInputException">It is no archive of an artifact, or a file is missing or differs from the manifest.</exception>
    public static ArtifactFolder Open(Stream archive, bool verifyHashes = true) => Open(ArtifactArchive.Read(archive), verifyHashes);

    /// <summary>Reads the manifest alone, for those who want to know everything that is wrong: see <see cref="Faults"/>.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="BadInputException">The folder is no artifact.</exception>
    public static ArtifactFolder OpenUnverified(string path)
    {
        if (!Directory.Exists(path))
        {
            if (Links.LeadsInACircle(path)) throw new BadInputException(path, "its links lead in a circle", "name the folder itself");
            throw new BadInputException(path, File.Exists(path) ? "it is a file, not a folder" : "no such folder",
                "name a folder that holozero-export wrote");
        }

        var manifestPath = System.IO.Path.Combine(path, ArtifactManifest.FileName);
        if (!File.Exists(manifestPath))
            throw new BadInputException(path, $"it holds no {ArtifactManifest.FileName}", "name a folder that holozero-export wrote");

        return new(path, ArtifactManifest.Read(manifestPath));
    }

    /// <summary>Holds the files against the manifest: what it uses without listing, then what it lists, in its order.</summary>
    /// <param name="verifyHashes">Whether to read every file and compare its SHA-256, or only sizes.</param>
    /// <exception cref="BadInputException">A file cannot be read.</exception>
    public IEnumerable<ArtifactFault> Faults(bool verifyHashes = true) => NamesUsed()
        .Where(name => !Manifest.Files.ContainsKey(name))
        .Select(name => new ArtifactFault(name, $"it uses {Untrusted.Quote(name)} without listing its hash", "not listed",
            "listed with its hash"))
        .Concat(SpecialFiles())
        .Concat(Manifest.Files.Select(file => Fault(file.Key, file.Value, verifyHashes)).OfType<ArtifactFault>())
        .Concat(GraphsUsed().Select(graph => FaultInside(graph.Name, graph.DataOf, verifyHashes)).OfType<ArtifactFault>());

    /// <summary>
    /// Compares the SHA-256 of what <paramref name="variant"/> consists of, its graph and data beside it, with the manifest.
    /// </summary>
    /// <param name="variant">Which one.</param>
    /// <param name="read">Told the bytes of each piece that is read.</param>
    /// <param name="cancellation">Checked between pieces.</param>
    /// <exception cref="BadInputException">A file differs or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void VerifyHashes(ArtifactManifest.VariantInfo variant, Action<int>? read = null, CancellationToken cancellation = default) =>
        VerifyHashes(variant.File, read, cancellation);

    /// <summary>The same for what computes <paramref name="features"/>.</summary>
    public void VerifyHashes(ArtifactManifest.FeaturesInfo features) => VerifyHashes(features.File, read: null, CancellationToken.None);

    /// <summary>Compares the SHA-256 of a graph for pictures or sound with the manifest.</summary>
    /// <param name="media">Which one.</param>
    /// <param name="cancellation">Checked between pieces.</param>
    /// <exception cref="BadInputException">A file differs or cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void VerifyHashes(ArtifactManifest.MediaInfo media, CancellationToken cancellation = default) =>
        VerifyHashes(media.File, null, cancellation);

    /// <summary>What <paramref name="variant"/> consists of: its graph and data beside it.</summary>
    public IEnumerable<KeyValuePair<string, ArtifactManifest.FileInfo>> FilesOf(ArtifactManifest.VariantInfo variant) =>
        FilesOf(variant.File);

    /// <summary>The bytes of a file in memory; null where the folder lies on a disk.</summary>
    /// <exception cref="BadInputException">The artifact is in memory and has no such file.</exception>
    public ReadOnlyMemory<byte>? BytesOf(string name)
    {
        // In a conditional expression null would become an empty memory, as that of a null array.
        if (_bytes is null) return null;
        return _bytes.TryGetValue(name, out var bytes) ? bytes
            : throw new BadInputException(Path, $"it holds no {Untrusted.Quote(name)}", "give every file that holozero-export wrote");
    }

    /// <summary>Opens a file of this folder, wherever it lies. The caller disposes it.</summary>
    /// <exception cref="BadInputException">It cannot be opened.</exception>
    public Stream OpenRead(string name) => BytesOf(name) is { } bytes ? AsStream(bytes) : InputFile.OpenRead(PathOf(name));

    /// <summary>Opens a safetensors file of this folder, wherever it lies. The caller disposes it.</summary>
    /// <exception cref="BadInputException">It cannot be opened or is not sound.</exception>
    public SafetensorsFile OpenTensors(string name) =>
        BytesOf(name) is { } bytes ? SafetensorsFile.Open(PathOf(name), bytes) : SafetensorsFile.Open(PathOf(name));

    /// <summary>The full path of a file of this folder; of one in memory what messages call it.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The variant of that name, or the first where none is named.</summary>
    /// <exception cref="BadInputException">There is none of that name.</exception>
    public ArtifactManifest.VariantInfo Variant(string? name)
    {
        var variants = Manifest.Variants;
        if (variants.Count == 0) throw Mismatch(new(ArtifactManifest.FileName, "it lists no variant", "none", "one or more"));
        return name is null ? variants[0] : variants.FirstOrDefault(variant => variant.Name == name)
            ?? throw new BadInputException(Path,
                $"it has no variant {Untrusted.Quote(name)}, only {Names(variants)}",
                "choose one of these or export that variant");
    }

    private static string Names(IReadOnlyList<ArtifactManifest.VariantInfo> variants)
    {
        const int few = 8;
        var listed = string.Join(", ", variants.Take(few).Select(variant => variant.Name));
        return variants.Count > few ? $"{listed} and {variants.Count - few} more" : listed;
    }

    private void VerifyHashes(string graph, Action<int>? read, CancellationToken cancellation)
    {
        foreach (var (name, expected) in FilesOf(graph))
        {
            if (Fault(name, expected, verifyHash: true, read, cancellation) is { } fault) throw Mismatch(fault);
        }
    }

    private IEnumerable<KeyValuePair<string, ArtifactManifest.FileInfo>> FilesOf(string graph) =>
        Manifest.Files.Where(file => file.Key.StartsWith(graph, StringComparison.Ordinal));

    private List<ArtifactFault> SpecialFiles() => _bytes is not null ? [] : InputFile.Guard(Path, () => Directory
        .EnumerateFileSystemEntries(Path)
        .Where(FileKind.IsSpecial).Select(System.IO.Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)
        .Select(name => new ArtifactFault(name, $"{Untrusted.Quote(name)} beside it is a pipe, a socket or a device", "not a regular file",
            "regular files alone")).ToList());

    /// <summary>Graphs, and after which of them their data are named: a graph that checks guesses reads its variant's.</summary>
    private IEnumerable<(string Name, string DataOf)> GraphsUsed()
    {
        foreach (var variant in Manifest.Variants)
        {
            yield return (variant.File, variant.File);
            if (variant.Check is { } check) yield return (check.File, variant.File);
        }

        if (Manifest.Features is { } features) yield return (features.File, features.File);
        foreach (var media in Manifest.Media) yield return (media.File, media.File);
    }

    private IEnumerable<string> NamesUsed() =>
    [
        .. GraphsUsed().Select(graph => graph.Name), Manifest.Golden.File,
        .. Manifest.Drafts is { } drafts ? [drafts.File] : (string[])[],
    ];

    private ArtifactFault? Fault(string name, ArtifactManifest.FileInfo expected, bool verifyHash, Action<int>? read = null,
        CancellationToken cancellation = default)
    {
        if (name != System.IO.Path.GetFileName(name) || name is "." or ".." || !Untrusted.IsPlainName(name))
        {
            return new(name, $"it lists {Untrusted.Quote(name)}, which is not a plain file name", Untrusted.Quote(name),
                "a plain file name");
        }

        if (_bytes is not null) return FaultInMemory(name, expected, verifyHash, read);
        var path = PathOf(name);
        if (Links.LeadsInACircle(path))
            return new(name, $"it lists {name}, whose links lead in a circle", "a link to itself", $"{expected.Bytes} bytes");
        if (Directory.Exists(path)) return new(name, $"it lists {name}, which is a folder", "a folder", $"{expected.Bytes} bytes");
        if (FileKind.IsSpecial(path))
        {
            return new(name, $"it lists {name}, which is a pipe, a socket or a device", "not a regular file",
                $"a file of {expected.Bytes} bytes");
        }

        // A link's own length is that of its text.
        var file = new System.IO.FileInfo(InputFile.Guard(path, () => Links.Follow(path)));
        if (!file.Exists)
        {
            var (what, actual) = new System.IO.FileInfo(path).LinkTarget is { } target
                ? ($"is a link to {Untrusted.Quote(target)}, where nothing is", "a link to nothing") : ("is missing", "missing");
            return new(name, $"it lists {name}, which {what}", actual, $"{expected.Bytes} bytes");
        }

        if (file.Length != expected.Bytes)
        {
            return new(name, $"it says that {name} has {expected.Bytes} bytes, the file has {file.Length}", $"{file.Length} bytes",
                $"{expected.Bytes} bytes");
        }

        if (!verifyHash || FileHash.Sha256(path, read, cancellation) is var actualHash && actualHash == expected.Sha256) return null;
        return new(name, $"it says that {name} has SHA-256 {Untrusted.Quote(expected.Sha256)}, the file has {actualHash}", actualHash,
            expected.Sha256);
    }

    private ArtifactFault? FaultInMemory(string name, ArtifactManifest.FileInfo expected, bool verifyHash, Action<int>? read)
    {
        if (!_bytes!.TryGetValue(name, out var bytes))
            return new(name, $"it lists {name}, which is missing", "missing", $"{expected.Bytes} bytes");
        if (bytes.Length != expected.Bytes)
        {
            return new(name, $"it says that {name} has {expected.Bytes} bytes, it has {bytes.Length}", $"{bytes.Length} bytes",
                $"{expected.Bytes} bytes");
        }

        if (!verifyHash) return null;
        var hash = FileHash.Sha256(bytes.Span);
        read?.Invoke(bytes.Length);
        return hash == expected.Sha256 ? null
            : new(name, $"it says that {name} has SHA-256 {Untrusted.Quote(expected.Sha256)}, it has {hash}", hash, expected.Sha256);
    }

    private static MemoryStream AsStream(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array)
        ? new(array.Array!, array.Offset, array.Count, writable: false) : new(bytes.ToArray(), writable: false);

    /// <summary>What is wrong with the files that a graph names; null where the graph itself has a fault: that is told by itself.</summary>
    private ArtifactFault? FaultInside(string name, string dataOf, bool hashIsTold)
    {
        if (!Manifest.Files.TryGetValue(name, out var graph) || Fault(name, graph, verifyHash: false) is not null) return null;
        IReadOnlyList<string> named;
        try
        {
            using var stream = OpenRead(name);
            named = OnnxDataFiles.Named(PathOf(name), stream);
        }
        catch (InvalidDataException e)
        {
            if (Fault(name, graph, verifyHash: true) is { } damage) return hashIsTold ? null : damage;
            return new(name, $"it lists {name}, which is no ONNX model ({e.Message})", "no ONNX model", "an ONNX model");
        }

        if (_bytes is not null && named.Count > 0)
        {
            return new(name, $"weights of {name} lie in {Untrusted.Quote(named[0])} beside it, which memory cannot hold",
                $"weights in {Untrusted.Quote(named[0])}", "all weights within")
            {
                Remedy = "load the artifact from a folder, or export it without drafts",
            };
        }

        var listed = FilesOf(dataOf).Select(file => file.Key).Where(file => file != name).ToHashSet(StringComparer.Ordinal);
        if (named.FirstOrDefault(data => !listed.Contains(data)) is { } foreign)
        {
            return new(name, $"weights of {name} lie in {Untrusted.Quote(foreign)}, which it does not list as data of that graph",
                $"weights in {Untrusted.Quote(foreign)}", $"weights in listed files {dataOf}.*");
        }

        var apart = named.FirstOrDefault(data => Fault(data, Manifest.Files[data], verifyHash: false) is null && !LiesBeside(data, name));
        if (apart is null) return null;
        return new(apart, $"weights of {name} lie in {apart}, whose link leads to another folder than that of the graph",
            "in another folder", "in the same folder")
        {
            Remedy = "ONNX Runtime opens no such data: put copies in place of the links, as cp -rL does",
        };
    }

    /// <summary>Whether ONNX Runtime opens a graph's data: they really lie within the artifact's folder, or that of the graph.</summary>
    private bool LiesBeside(string data, string graph) => InputFile.Guard(PathOf(data), () =>
    {
        var real = Links.Real(PathOf(data));
        var besideGraph = System.IO.Path.GetDirectoryName(Links.Real(PathOf(graph)))!;
        return Links.IsWithin(real, Links.Real(Path)) || Links.IsWithin(real, besideGraph);
    });

    private BadInputException Mismatch(ArtifactFault fault) => new(PathOf(ArtifactManifest.FileName), fault.What, fault.Remedy);
}
