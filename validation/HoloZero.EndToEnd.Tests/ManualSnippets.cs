using System.Text;
using HoloZero.Artifacts;
using HoloZero.Extensions.AI;
using HoloZero.Runtime;
using Microsoft.Extensions.AI;

namespace HoloZero.EndToEnd.Tests;

/// <summary>The code that docs/embedding.md shows, compiled and run.</summary>
internal static class ManualSnippets
{
    public static async Task EmbeddingAsync(TextWriter output)
    {
        #region Embedding
        using var model = HoloZeroModel.Load("out/demo");

        // Generate: bytes as they come, or text that never splits a character.
        var options = new GenerationOptions { MaxBytes = 60, Sampling = new() { Temperature = 0.8, Seed = 7 } };
        await foreach (var text in model.GenerateAsync("And God said, "u8.ToArray(), options).ToTextAsync())
            output.Write(text);

        // Or drive a session yourself: prefill, step, remember, go back.
        using var session = model.OpenSession();
        var next = session.Prefill(prefix: "And the "u8, stream: "LORD "u8).Last;
        using var here = session.Snapshot();
        next = session.Step((byte)'s');
        session.Restore(here);
        next = session.Step((byte)'G');
        #endregion
    }

    public static async Task ServingAsync(TextWriter output)
    {
        #region Serving
        using var model = HoloZeroModel.Load("out/demo");
        await using IByteGenerator generator = new ByteGenerator(model, new() { MaxRows = 16, MaxQueued = 256 });

        var options = new GenerationOptions { MaxBytes = 40, Sampling = new() { Temperature = 0.8, Seed = 7 } };
        var texts = await Task.WhenAll(new[] { "And God said, ", "In the beginning " }.Select(async prompt =>
            string.Concat(await generator.GenerateAsync(Encoding.UTF8.GetBytes(prompt), options).ToTextAsync().ToListAsync())));
        foreach (var text in texts) output.WriteLine(text);
        #endregion
    }

    public static Task MemoryAsync(TextWriter output)
    {
        #region Memory
        using var archive = File.OpenRead("demo.zip");
        using var model = HoloZeroModel.Load(ArtifactFolder.Open(archive));

        // Or files that are in memory already, by name.
        var files = Directory.GetFiles("out/demo")
            .ToDictionary(path => Path.GetFileName(path), path => (ReadOnlyMemory<byte>)File.ReadAllBytes(path));
        using var same = HoloZeroModel.Load(ArtifactFolder.Open(files));
        #endregion
        output.Write($"{model.Variant.Name} {same.Variant.Name}");
        return Task.CompletedTask;
    }

    public static async Task ChatAsync(TextWriter output)
    {
        #region Chat
        using var model = HoloZeroModel.Load("out/demo");
        await using var generator = new ByteGenerator(model);
        using IChatClient client = new RawContinuationChatClient(generator, messages => string.Join('\n', messages.Select(m => m.Text)));

        var answer = await client.GetResponseAsync("And God said, ", new() { MaxOutputTokens = 40, Temperature = 0.8f, Seed = 7 });
        output.Write(answer.Text);
        #endregion
    }
}
