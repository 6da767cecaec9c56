namespace HoloZero.Packages.Tests;

/// <summary>An app that uses ONNX Runtime itself, with logging of its own, and carries a model within.</summary>
internal static class EmbeddedApp
{
    public const string Program = """
        using HoloZero.Artifacts;
        using HoloZero.Runtime;
        using Microsoft.ML.OnnxRuntime;

        var options = new EnvironmentCreationOptions
        {
            logId = "app",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
            loggingFunction = (_, _, _, _, _, message) => Console.Error.WriteLine(message),
        };
        var environment = OrtEnv.CreateInstanceWithOptions(ref options);
        using var archive = typeof(Program).Assembly.GetManifestResourceStream("model")!;
        using var model = HoloZeroModel.Load(ArtifactFolder.Open(archive));
        var generation = new GenerationOptions { MaxBytes = 60, Sampling = new() { Temperature = 0.8, Seed = 7 } };
        await foreach (var text in model.GenerateAsync("And God said, "u8.ToArray(), generation).ToTextAsync()) Console.Write(text);
        Console.Write(ReferenceEquals(environment, OrtEnv.Instance()) && environment.EnvLogLevel == options.logLevel ? "" : "changed");
        """;
}
