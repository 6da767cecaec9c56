using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>Models whose files are links, as stores of models keep them: loaded, checked and run.</summary>
public sealed class LinkedModelTests : IDisposable
{
    private const string Data = "model.fp32.onnx.data";
    private readonly ExportedModel _inline = new(GoldenSuite.Tiny.CheckpointPath);
    private readonly ExportedModel _beside = new(GoldenSuite.Tiny.CheckpointPath, options: new() { MaxInlineBytes = 1000 });
    private readonly TemporaryFolder _outside = new();

    public static TheoryData<string> Layouts => [.. LinkedFolders.Layouts];

    public void Dispose()
    {
        _inline.Dispose();
        _beside.Dispose();
        _outside.Dispose();
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task A_model_of_links_is_sound_and_writes_the_same(string layout)
    {
        var expected = await GenerateAsync(_inline.Folder);
        Assert.Equal(expected, await GenerateAsync(LinkedFolders.Arrange(layout, _inline.Folder, _outside.Path)));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task A_model_with_weights_beside_its_graph_too(string layout)
    {
        var expected = await GenerateAsync(_beside.Folder);
        var folder = LinkedFolders.Arrange(layout, _beside.Folder, _outside.Path);
        if (layout == "dvc")
        {
            // ONNX Runtime would refuse it too, and not say what to do.
            Assert.Contains("as cp -rL does", Assert.Throws<BadInputException>(() => HoloZeroModel.Load(folder)).Message);
            return;
        }

        Assert.Equal(expected, await GenerateAsync(folder));

        // What lies beside a graph is hashed with it.
        var path = Path.Combine(folder, Data);
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains($"{Data} has SHA-256", Assert.Throws<BadInputException>(() => HoloZeroModel.Load(folder)).Message);
        HoloZeroModel.Load(folder, new() { VerifyHashes = false }).Dispose();
    }

    private static async Task<byte[]> GenerateAsync(string folder)
    {
        using var model = HoloZeroModel.Load(folder, new() { Threads = 1 });
        Assert.All(SelfCheck.Run(model, TestContext.Current.CancellationToken), check => Assert.True(check.Passed, check.Case));
        var options = new GenerationOptions { MaxBytes = 16, Sampling = new() { Greedy = true, AllowEos = false } };
        var written = new List<byte>();
        await foreach (var chunk in model.GenerateAsync("abc"u8.ToArray(), options, TestContext.Current.CancellationToken))
            written.AddRange(chunk.Bytes.ToArray());
        Assert.Equal(16, written.Count);
        return [.. written];
    }
}
