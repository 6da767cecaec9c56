using System.Runtime.InteropServices;

namespace HoloZero.Runtime;

/// <summary>An execution provider of this ONNX Runtime.</summary>
/// <param name="Name">ONNX Runtime's name for it.</param>
/// <param name="Problem">Why it does not load on this machine; null where it does.</param>
/// <param name="Supported">Whether this library can run models on it.</param>
public sealed record ProviderStatus(string Name, string? Problem, bool Supported);

/// <summary>What this process has to run models with. Immutable.</summary>
/// <param name="OnnxRuntimeVersion">Version of the native library.</param>
/// <param name="OnnxRuntimeManagedVersion">Version of the managed assembly that calls it; the same where packages fit each other.</param>
/// <param name="ExtensionsProblem">Why ONNX Runtime Extensions do not load; null where they do.</param>
/// <param name="Providers">Providers compiled in.</param>
/// <param name="Processors">Processors that this process may use.</param>
/// <param name="Threads">Threads that compute one call unless <see cref="ModelOptions.Threads"/> says otherwise.</param>
/// <param name="ThreadsSource">Where that number comes from, in words.</param>
/// <param name="CpuModel">The processor's name.</param>
/// <param name="CpuFeatures">Its vector and matrix instruction sets.</param>
/// <param name="Platform">.NET and operating system.</param>
public sealed record RuntimeReport(string OnnxRuntimeVersion, string OnnxRuntimeManagedVersion, string? ExtensionsProblem,
    IReadOnlyList<ProviderStatus> Providers, int Processors, int Threads, string ThreadsSource, string CpuModel,
    IReadOnlyList<string> CpuFeatures, string Platform)
{
    private static readonly string[] InterestingFeatures =
        ["sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
         "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "i8mm", "sve", "bf16"];

    /// <summary>Looks around. Takes some milliseconds: it tries to load each provider.</summary>
    public static RuntimeReport Collect()
    {
        var environment = OnnxEnvironment.Ensure();
        var (model, features) = Cpu();
        var cores = ProcessorCores.Detect();
        return new(environment.GetVersionString(), OnnxEnvironment.ManagedVersion, WhyExtensionsDoNotLoad(),
            [.. environment.GetAvailableProviders().Select(Status)], Environment.ProcessorCount, cores.Count, cores.Source, model, features,
            $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}");
    }

    private static ProviderStatus Status(string name) => name switch
    {
        "CPUExecutionProvider" => new(name, null, true),
        "CUDAExecutionProvider" => new(name, ProviderSelection.WhyNot(ExecutionProvider.Cuda), true),
        "TensorrtExecutionProvider" => new(name, ProviderSelection.WhyNot(ExecutionProvider.TensorRt), true),
        _ => new(name, "not used by this library", false),
    };

    private static string? WhyExtensionsDoNotLoad()
    {
        using var options = OnnxEnvironment.NewSessionOptions();
        return OnnxEnvironment.TryLogged(options.RegisterOrtExtensions);
    }

    private static (string Model, IReadOnlyList<string> Features) Cpu()
    {
        const string linuxInfo = "/proc/cpuinfo";
        if (!File.Exists(linuxInfo)) return (RuntimeInformation.ProcessArchitecture.ToString(), []);

        string Field(params string[] names) => File.ReadLines(linuxInfo)
            .FirstOrDefault(line => names.Any(name => line.StartsWith(name, StringComparison.Ordinal)))?.Split(':', 2)[^1].Trim() ?? "";
        var flags = Field("flags", "Features").Split(' ').ToHashSet(StringComparer.Ordinal);
        var model = Field("model name");
        return (model.Length > 0 ? model : RuntimeInformation.ProcessArchitecture.ToString(),
            [.. InterestingFeatures.Where(flags.Contains)]);
    }
}
