using System.Text;
using HoloZero.Runtime;

namespace HoloZero.Packages.Tests;

/// <summary>What the library of this build generates, where samples generate by the packages.</summary>
internal static class Generated
{
    public const string Prompt = "And God said, ";

    /// <summary>What samples say of a prompt: temperature 0.8, seed 7.</summary>
    public static async Task<string> TextAsync(string folder, string prompt = Prompt, int maxBytes = 60)
    {
        using var model = HoloZeroModel.Load(folder);
        var options = new GenerationOptions { MaxBytes = maxBytes, Sampling = new() { Temperature = 0.8, Seed = 7 } };
        return string.Concat(await model.GenerateAsync(Encoding.UTF8.GetBytes(prompt), options, Shell.Token).ToTextAsync(Shell.Token)
            .ToListAsync(Shell.Token));
    }
}
