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

/// <summary>An exported model: a folder with a manifest and the files that it names. Immutable; reads nothing after opening.</summary>
/// <remarks>
/// A file may be a symbolic link, as model hubs and mounted volumes store them, and may lead out of the folder: what counts is that it
/// leads to a regular file of the size and hash that the manifest names. Nothing in the folder may be a pipe, a socket or a device, listed
/// or not. Files that a graph names, to keep weights in, are listed by names that begin with the graph's: so they are hashed with it, and
/// a graph reaches nothing else.
/// </remarks>
public sealed class ArtifactFolder
{
    private ArtifactFolder(string path, ArtifactManifest manifest) => (Path, Manifest) = (path, manifest);

    /// <summary>The folder.</summary>
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
        .Concat(GraphsUsed().Select(graph => FaultInside(graph, verifyHashes)).OfType<ArtifactFault>());

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

    /// <summary>What <paramref name="variant"/> consists of: its graph and data beside it.</summary>
    public IEnumerable<KeyValuePair<string, ArtifactManifest.FileInfo>> FilesOf(ArtifactManifest.VariantInfo variant) =>
        FilesOf(variant.File);

    /// <summary>The full path of a file of this folder.</summary>
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

    private List<ArtifactFault> SpecialFiles() => InputFile.Guard(Path, () => Directory.EnumerateFileSystemEntries(Path)
        .Where(FileKind.IsSpecial).Select(System.IO.Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)
        .Select(name => new ArtifactFault(name, $"{Untrusted.Quote(name)} beside it is a pipe, a socket or a device", "not a regular file",
            "regular files alone")).ToList());

    private IEnumerable<string> GraphsUsed() =>
        Manifest.Variants.Select(variant => variant.File).Concat(Manifest.Features is { } features ? [features.File] : []);

    private IEnumerable<string> NamesUsed() => GraphsUsed().Append(Manifest.Golden.File);

    private ArtifactFault? Fault(string name, ArtifactManifest.FileInfo expected, bool verifyHash, Action<int>? read = null,
        CancellationToken cancellation = default)
    {
        if (name != System.IO.Path.GetFileName(name) || name is "." or ".." || !Untrusted.IsPlainName(name))
        {
            return new(name, $"it lists {Untrusted.Quote(name)}, which is not a plain file name", Untrusted.Quote(name),
                "a plain file name");
        }

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

    /// <summary>What is wrong with the files that a graph names; null where the graph itself has a fault: that is told by itself.</summary>
    private ArtifactFault? FaultInside(string name, bool hashIsTold)
    {
        if (!Manifest.Files.TryGetValue(name, out var graph) || Fault(name, graph, verifyHash: false) is not null) return null;
        IReadOnlyList<string> named;
        try
        {
            named = OnnxDataFiles.Named(PathOf(name));
        }
        catch (InvalidDataException e)
        {
            if (Fault(name, graph, verifyHash: true) is { } damage) return hashIsTold ? null : damage;
            return new(name, $"it lists {name}, which is no ONNX model ({e.Message})", "no ONNX model", "an ONNX model");
        }

        var listed = FilesOf(name).Select(file => file.Key).Where(file => file != name).ToHashSet(StringComparer.Ordinal);
        if (named.FirstOrDefault(data => !listed.Contains(data)) is { } foreign)
        {
            return new(name, $"weights of {name} lie in {Untrusted.Quote(foreign)}, which it does not list as data of that graph",
                $"weights in {Untrusted.Quote(foreign)}", $"weights in listed files {name}.*");
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
