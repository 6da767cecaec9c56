using System.Text;
using HoloZero.Runtime;

namespace HoloZero.EndToEnd.Tests;

/// <summary>The code that the README shows, compiled and run.</summary>
internal static class ReadmeSnippets
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
}
