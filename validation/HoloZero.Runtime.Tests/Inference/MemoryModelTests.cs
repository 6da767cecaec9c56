using System.IO.Compression;
using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>Models whose artifact never was a folder of this process: loaded, checked and run.</summary>
public sealed class MemoryModelTests : IDisposable
{
    private readonly ExportedModel _exported = new(GoldenSuite.Tiny.CheckpointPath, options: new() { Variants = ["fp32", "portable"] });

    public void Dispose() => _exported.Dispose();

    [Theory]
    [InlineData("fp32")]
    [InlineData("portable")]
    public async Task It_computes_what_the_folder_computes(string variant)
    {
        using var fromFolder = HoloZeroModel.Load(_exported.Folder, new() { Variant = variant });
        using var fromMemory = HoloZeroModel.Load(ArtifactFolder.Open(Files()), new() { Variant = variant });
        Assert.All(SelfCheck.Run(fromMemory, TestContext.Current.CancellationToken), check => Assert.True(check.Passed, check.Case));
        Assert.Equal(await GenerateAsync(fromFolder), await GenerateAsync(fromMemory));
    }

    [Fact]
    public async Task An_archive_too_and_nothing_of_it_is_needed_afterwards()
    {
        HoloZeroModel model;
        using (var archive = new MemoryStream())
        {
            ZipFile.CreateFromDirectory(_exported.Folder, archive);
            archive.Position = 0;
            model = HoloZeroModel.Load(ArtifactFolder.Open(archive));
        }

        using (model)
        using (var fromFolder = HoloZeroModel.Load(_exported.Folder))
        {
            Assert.Equal(await GenerateAsync(fromFolder), await GenerateAsync(model));
            using var features = ByteFeatures.Load(model.Artifact);
            Assert.All(SelfCheck.Run(model, TestContext.Current.CancellationToken), check => Assert.True(check.Passed, check.Case));
        }
    }

    [Fact]
    public void A_damaged_graph_in_memory_is_told_by_its_hash()
    {
        var files = Files();
        files["model.fp32.onnx"] = new byte[files["model.fp32.onnx"].Length];
        Assert.Contains("SHA-256", Assert.Throws<BadInputException>(
            () => HoloZeroModel.Load(ArtifactFolder.Open(files, verifyHashes: false))).Message);
    }

    private Dictionary<string, ReadOnlyMemory<byte>> Files() => Directory.GetFiles(_exported.Folder)
        .ToDictionary(path => Path.GetFileName(path), path => (ReadOnlyMemory<byte>)File.ReadAllBytes(path));

    private static async Task<byte[]> GenerateAsync(HoloZeroModel model)
    {
        var options = new GenerationOptions { MaxBytes = 100, Sampling = new() { Temperature = 0.8, Seed = 7 } };
        var cancellation = TestContext.Current.CancellationToken;
        return [.. (await model.GenerateAsync("And God said, "u8.ToArray(), options, cancellation).ToListAsync(cancellation))
            .SelectMany(chunk => chunk.Bytes.ToArray())];
    }
}
