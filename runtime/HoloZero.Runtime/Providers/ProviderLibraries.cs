using System.Text.RegularExpressions;

namespace HoloZero.Runtime;

/// <summary>What a provider's native libraries lack where they do not load.</summary>
internal static partial class ProviderLibraries
{
    /// <summary>What is said where ONNX Runtime does not know a provider at all.</summary>
    public const string NotBuiltIn = "this ONNX Runtime was built without it";

    /// <summary>By the beginning of a library's name: what to install for it.</summary>
    private static readonly (string Name, string Remedy)[] Known =
    [
        ("libcuda.so", "install NVIDIA's driver"),
        ("libcudnn", "install cuDNN 9 for CUDA 13"),
        ("libnvinfer", "install TensorRT 10 for CUDA 13"),
        ("libnvonnxparser", "install TensorRT 10 for CUDA 13"),
        ("libcu", "install the libraries of CUDA 13"),
        ("libnv", "install the libraries of CUDA 13"),
        ("libonnxruntime_providers", "add the package Microsoft.ML.OnnxRuntime.Gpu to the application"),
    ];

    /// <summary>The failure in words: which library is missing, where that is what it says.</summary>
    public static string Describe(string failure) => Missing().Match(failure) is { Success: true } match
        ? $"{match.Groups["library"].Value} is not on this machine" : failure;

    /// <summary>What to do about a failure.</summary>
    public static string Remedy(string failure)
    {
        if (Missing().Match(failure) is { Success: true } match)
        {
            var library = match.Groups["library"].Value;
            foreach (var (name, remedy) in Known)
            {
                if (library.StartsWith(name, StringComparison.Ordinal)) return remedy;
            }

            return "install what has it";
        }

        if (failure == NotBuiltIn) return "add the package Microsoft.ML.OnnxRuntime.Gpu to the application";
        // What ONNX Runtime says where it is told to leave no node to the processor.
        if (failure.Contains("assigned to the default CPU EP", StringComparison.Ordinal)) return "allow nodes on the processor";
        return failure.Contains("CUDA failure", StringComparison.Ordinal)
            ? "install NVIDIA's driver for CUDA 13, and give this process a card" : "install its libraries and driver";
    }

    // How the dynamic loader of Linux tells it.
    [GeneratedRegex(@"(?<library>[\w.+-]+\.so[\w.]*): cannot open shared object file")]
    private static partial Regex Missing();
}
