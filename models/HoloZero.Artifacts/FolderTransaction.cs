namespace HoloZero.Artifacts;

/// <summary>What a folder that we wrote looks like, so that a newer one may replace it.</summary>
/// <param name="What">What it is, for messages.</param>
/// <param name="Marker">The file that tells it from other folders.</param>
/// <param name="FilesBeside">The files that belong to the marker at this path.</param>
public sealed record FolderKind(string What, string Marker, Func<string, IEnumerable<string>> FilesBeside)
{
    /// <summary>An artifact: the manifest, and what it lists.</summary>
    public static FolderKind Artifact { get; } =
        new("an exported model", ArtifactManifest.FileName, manifest => ArtifactManifest.Read(manifest).Files.Keys);
}

/// <summary>
/// Writes a folder whole or not at all: files go to a hidden folder beside it, which takes its name in the end. Replaces an older
/// folder of the same kind, and nothing else. Dispose it: what was not committed is removed. What a killed process left of this same
/// folder is removed by the next transaction. Not thread-safe.
/// </summary>
public sealed class FolderTransaction : IDisposable
{
    private readonly string _target;
    private readonly FolderKind _kind;
    private readonly MissingParents _parents;
    private readonly AdvisoryLock? _lock;
    private bool _committed;

    /// <summary>Begins to write <paramref name="target"/>.</summary>
    /// <param name="target">The folder; it is empty, absent, or of this kind without foreign files.</param>
    /// <param name="kind">What it is; null is an artifact.</param>
    /// <exception cref="BadInputException">The folder holds something else, or its parent cannot be written.</exception>
    public FolderTransaction(string target, FolderKind? kind = null)
    {
        _kind = kind ?? FolderKind.Artifact;
        if (string.IsNullOrWhiteSpace(target)) throw new BadInputException("output folder", "its path is empty", "name a folder");

        _target = OutputFile.Resolve(target);
        RequireReplaceable();
        if (_target == Environment.CurrentDirectory)
            throw new BadInputException(target, "this is the current folder, which cannot be replaced", "name a folder below it");
        var parent = Path.GetDirectoryName(_target)
            ?? throw new BadInputException(target, "this is the root of the file system", "name a folder");
        _parents = new(parent);
        try
        {
            _parents.Make();
            Unfinished.Sweep(_target);
            // Anew where another process swept it before it was locked; file systems without locks have no sweeping either.
            for (var attempt = 0; _lock is null && attempt < 3; attempt++)
            {
                if (Staging is not null && Directory.Exists(Staging)) Directory.Delete(Staging);
                Staging = Unfinished.NameFor(_target);
                Directory.CreateDirectory(Staging);
                _lock = AdvisoryLock.TryTake(Staging);
            }

            if (!Directory.Exists(Staging)) Directory.CreateDirectory(Staging!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _parents.Remove();
            throw OutputFile.Failure(target, e);
        }
    }

    /// <summary>Where to write the files.</summary>
    public string Staging { get; } = null!;

    /// <summary>Puts the finished folder in its place.</summary>
    /// <exception cref="BadInputException">The folder has been filled with something else meanwhile, or cannot be replaced.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public void Commit()
    {
        RequireReplaceable();
        string? old = null;
        try
        {
            if (!Directory.Exists(_target)) Directory.Move(Staging, _target);
            else if (FileKind.TryExchange(Staging, _target)) old = Staging;
            else old = MoveAside();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw OutputFile.Failure(_target, e);
        }

        _committed = true;
        if (old is not null) RemoveOld(old);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        using var release = _lock;
        if (_committed) return;
        if (Directory.Exists(Staging)) Directory.Delete(Staging, recursive: true);
        _parents.Remove();
    }

    /// <summary>Puts the finished folder in place in two steps, and returns where the older one is.</summary>
    private string MoveAside()
    {
        var old = Unfinished.OldOf(Staging);
        using var held = AdvisoryLock.TryTake(_target);
        Directory.Move(_target, old);
        try
        {
            Directory.Move(Staging, _target);
        }
        catch when (!Directory.Exists(_target))
        {
            Directory.Move(old, _target);
            throw;
        }

        return old;
    }

    private void RemoveOld(string old)
    {
        try
        {
            Directory.Delete(old, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Swept by another process.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(_target, $"it is written, but what it replaces cannot be removed wholly ({e.Message})",
                $"remove {old}", e);
        }
    }

    private void RequireReplaceable()
    {
        if (File.Exists(_target)) throw Foreign("it is a file");
        if (!Directory.Exists(_target)) return;

        string[] present;
        try
        {
            present = [.. Directory.EnumerateFileSystemEntries(_target).Select(path => Path.GetFileName(path))];
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException(_target, "permission to read it is denied", "name another folder", e);
        }

        if (present.Length == 0) return;
        if (!present.Contains(_kind.Marker)) throw Foreign($"it exists and is not {_kind.What}");
        IEnumerable<string> ours;
        try
        {
            ours = _kind.FilesBeside(Path.Combine(_target, _kind.Marker));
        }
        catch (BadInputException)
        {
            throw Foreign($"it exists and its {_kind.Marker} is not ours");
        }

        if (present.Except(ours).FirstOrDefault(name => name != _kind.Marker) is { } foreign)
            throw Foreign($"it holds {Untrusted.Quote(foreign)}, which does not belong to {_kind.What}");
        if (!FileKind.MayChangeEntries(_target))
            throw Foreign($"it is {_kind.What} that this user may not remove, being read-only or another user's");
    }

    private BadInputException Foreign(string what) => new(_target, what, "nothing was written: name a new or empty folder");
}
