namespace HoloZero.Artifacts;

/// <summary>An exported model: a folder with a manifest and the files that it names. Immutable; reads nothing after opening.</summary>
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
        if (!Directory.Exists(path))
            throw new BadInputException(path, File.Exists(path) ? "it is a file, not a folder" : "no such folder", "name a folder that holozero-export wrote");

        var manifestPath = System.IO.Path.Combine(path, ArtifactManifest.FileName);
        if (!File.Exists(manifestPath))
            throw new BadInputException(path, $"it holds no {ArtifactManifest.FileName}", "name a folder that holozero-export wrote");

        var folder = new ArtifactFolder(path, ArtifactManifest.Read(manifestPath));
        foreach (var name in folder.NamesUsed()) folder.RequireListed(name);
        foreach (var (name, expected) in folder.Manifest.Files) folder.Verify(name, expected, verifyHashes);
        return folder;
    }

    /// <summary>The full path of a file of this folder.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The variant of that name, or the first where none is named.</summary>
    /// <exception cref="BadInputException">There is none of that name.</exception>
    public ArtifactManifest.VariantInfo Variant(string? name)
    {
        var variants = Manifest.Variants;
        if (variants.Count == 0) throw Mismatch("it lists no variant");
        return name is null ? variants[0] : variants.FirstOrDefault(variant => variant.Name == name)
            ?? throw new BadInputException(Path, $"it has no variant {Untrusted.Quote(name)}, only {string.Join(", ", variants.Select(v => v.Name))}",
                "choose one of these or export that variant");
    }

    private IEnumerable<string> NamesUsed() => Manifest.Variants.Select(variant => variant.File).Append(Manifest.Golden.File);

    private void RequireListed(string name)
    {
        if (!Manifest.Files.ContainsKey(name)) throw Mismatch($"it uses {Untrusted.Quote(name)} without listing its hash");
    }

    private void Verify(string name, ArtifactManifest.FileInfo expected, bool verifyHash)
    {
        if (name != System.IO.Path.GetFileName(name) || name is "" or "." or "..")
            throw Mismatch($"it lists {Untrusted.Quote(name)}, which is not a plain file name");

        var file = new System.IO.FileInfo(PathOf(name));
        if (!file.Exists) throw Mismatch($"it lists {name}, which is missing");
        if (file.Length != expected.Bytes) throw Mismatch($"it says that {name} has {expected.Bytes} bytes, the file has {file.Length}");
        if (verifyHash && FileHash.Sha256(file.FullName) is var actual && actual != expected.Sha256)
            throw Mismatch($"it says that {name} has SHA-256 {Untrusted.Quote(expected.Sha256)}, the file has {actual}");
    }

    private BadInputException Mismatch(string what) =>
        new(PathOf(ArtifactManifest.FileName), what, "the folder is damaged or was edited: export the model again");
}
