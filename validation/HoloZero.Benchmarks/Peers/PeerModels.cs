namespace HoloZero.Benchmarks.Peers;

/// <summary>The folder with one llama for every peer in every precision, and where in it each lies.</summary>
internal static class PeerModels
{
    /// <summary>The file that LLamaSharp loads.</summary>
    public static string Gguf(string folder, PeerPrecision precision) => Path.Combine(folder, $"{Name(precision)}.gguf");

    /// <summary>The folder that ONNX Runtime GenAI loads.</summary>
    public static string GenAi(string folder, PeerPrecision precision) => Path.Combine(folder, $"{Name(precision)}.genai");

    /// <summary>Writes all of them anew.</summary>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public static void Write(PeerLlama llama, string folder, CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(folder);
        foreach (var precision in Enum.GetValues<PeerPrecision>())
        {
            cancellation.ThrowIfCancellationRequested();
            GgufFile.Write(llama, precision, Gguf(folder, precision));
            GenAiFolder.Write(llama, precision, GenAi(folder, precision));
        }
    }

    private static string Name(PeerPrecision precision) => precision.ToString().ToLowerInvariant();
}
