using HoloZero.Artifacts;
using HoloZero.Testing;

[assembly: AssemblyFixture(typeof(HoloZero.Media.Tests.MediaFixture))]

namespace HoloZero.Media.Tests;

/// <summary>The graphs of an exported artifact, and what other people's code makes of the same files.</summary>
public sealed class MediaFixture : IDisposable
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"));

    public MediaFixture()
    {
        Artifact = ArtifactFolder.Open(_exported.Folder);
        Reader = new(Artifact);
    }

    public ArtifactFolder Artifact { get; }

    public MediaReader Reader { get; }

    public static byte[] File(string name) => System.IO.File.ReadAllBytes(Repository.Golden("media", name));

    public static byte[] Golden(string name)
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("media", "media.golden.safetensors"));
        return golden.ReadBytes(name);
    }

    public void Dispose()
    {
        Reader.Dispose();
        _exported.Dispose();
    }
}
