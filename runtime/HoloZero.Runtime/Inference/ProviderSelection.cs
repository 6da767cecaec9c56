using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Puts an execution provider into session options, or says why it cannot be had.</summary>
internal static class ProviderSelection
{
    /// <summary>Appends what <paramref name="options"/> asks for; returns what it got.</summary>
    /// <exception cref="MissingCapabilityException">The provider does not load and the processor is not allowed instead.</exception>
    public static ExecutionProvider Apply(SessionOptions session, ModelOptions options)
    {
        if (options.Provider == ExecutionProvider.Cpu) return ExecutionProvider.Cpu;

        var failure = WhyNot(session, options.Provider, options.DeviceId, out var error);
        if (failure is null) return options.Provider;
        if (options.AllowCpuFallback) return ExecutionProvider.Cpu;
        throw new MissingCapabilityException($"execution provider {options.Provider} does not load on this machine ({failure})",
            "install its libraries and driver, choose the Cpu provider, or allow the fallback to it", error);
    }

    /// <summary>Why a provider does not load here; null where it does.</summary>
    public static string? WhyNot(ExecutionProvider provider)
    {
        using var session = new SessionOptions();
        return WhyNot(session, provider, deviceId: 0, out _);
    }

    private static string? WhyNot(SessionOptions session, ExecutionProvider provider, int deviceId, out Exception? error) =>
        OnnxEnvironment.Try(() =>
        {
            if (provider == ExecutionProvider.TensorRt) session.AppendExecutionProvider_Tensorrt(deviceId);
            if (provider is ExecutionProvider.Cuda or ExecutionProvider.TensorRt) session.AppendExecutionProvider_CUDA(deviceId);
        }, out error);
}
