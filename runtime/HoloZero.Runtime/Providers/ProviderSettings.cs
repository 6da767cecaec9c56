using System.Globalization;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>What a provider is told, by ONNX Runtime's names for it. What the caller's options say goes before what is said here.</summary>
internal static class ProviderSettings
{
    /// <summary>CUDA's name for the most that its arena may take.</summary>
    public const string CudaLimit = "gpu_mem_limit";

    /// <summary>
    /// CUDA: products in float32 are not cut to TF32's 10 bits, which goldens would tell; memory grows by what is asked for instead of
    /// doubling.
    /// </summary>
    public static Dictionary<string, string> Cuda(ModelOptions options)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["device_id"] = Number(options.DeviceId),
            ["use_tf32"] = "0",
            ["arena_extend_strategy"] = "kSameAsRequested",
        };
        if (options.DeviceMemoryBytes is { } limit) settings[CudaLimit] = Number(limit);
        return With(options, settings);
    }

    /// <summary>TensorRT: shapes of prefill and step, so that one engine takes both and none is built anew.</summary>
    /// <param name="options">How to run the model.</param>
    /// <param name="signature">Inputs of the graph.</param>
    /// <param name="slotBytes">K, bytes in a prefix slot.</param>
    /// <param name="window">The longest sequence.</param>
    /// <param name="cache">Where engines are kept; null is nowhere.</param>
    public static Dictionary<string, string> TensorRt(ModelOptions options, ArtifactManifest.SignatureInfo signature, int slotBytes,
        ContextWindowOptions window, string? cache)
    {
        var shapes = new EngineShapes(signature, slotBytes, window);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["device_id"] = Number(options.DeviceId),
            ["trt_profile_min_shapes"] = shapes.Min,
            ["trt_profile_opt_shapes"] = shapes.Usual,
            ["trt_profile_max_shapes"] = shapes.Max,
        };
        if (cache is not null)
        {
            settings["trt_engine_cache_enable"] = "1";
            settings["trt_engine_cache_path"] = cache;
            settings["trt_timing_cache_enable"] = "1";
            settings["trt_timing_cache_path"] = cache;
        }

        return With(options, settings);
    }

    private static Dictionary<string, string> With(ModelOptions options, Dictionary<string, string> settings)
    {
        foreach (var (key, value) in options.ProviderOptions) settings[key] = value;
        return settings;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
