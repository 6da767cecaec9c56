using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Loads a graph on the provider that was asked for, or says why it cannot be had.</summary>
internal static class ProviderSelection
{
    /// <summary>Loads with what <paramref name="options"/> asks for; returns what it got.</summary>
    /// <param name="options">The provider, and whether the processor may stand in for it.</param>
    /// <param name="cores">Threads where the options say nothing.</param>
    /// <param name="load">Loads the graph with given session options.</param>
    /// <exception cref="MissingCapabilityException">
    /// The provider does not load or does not take the graph, and the processor is not allowed instead.
    /// </exception>
    public static (OnnxGraph Graph, ExecutionProvider Provider) Load(ModelOptions options, int cores, Func<SessionOptions, OnnxGraph> load)
    {
        if (options.Provider != ExecutionProvider.Cpu)
        {
            using var session = NewSession(options, cores);
            var failure = Append(session, options.Provider, options.DeviceId);
            Exception? error = null;
            if (failure is null)
            {
                try
                {
                    return (load(session), options.Provider);
                }
                catch (BadInputException e)
                {
                    // The graph may be sound and only this provider unable to take it.
                    (failure, error) = (e.Message, e);
                }
            }

            if (!options.AllowCpuFallback)
            {
                throw new MissingCapabilityException($"execution provider {options.Provider} cannot run this model here ({failure})",
                    "install its libraries and driver, choose the Cpu provider, or allow the fallback to it", error);
            }
        }

        using var onProcessor = NewSession(options, cores);
        return (load(onProcessor), ExecutionProvider.Cpu);
    }

    /// <summary>Why a provider does not load here; null where it does.</summary>
    public static string? WhyNot(ExecutionProvider provider)
    {
        using var session = OnnxEnvironment.NewSessionOptions();
        return Append(session, provider, deviceId: 0);
    }

    private static SessionOptions NewSession(ModelOptions options, int cores)
    {
        var session = OnnxEnvironment.NewSessionOptions();
        session.IntraOpNumThreads = options.Threads ?? cores;
        session.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        if (options.SpinMicroseconds is { } spin)
        {
            session.AddSessionConfigEntry("session.intra_op.allow_spinning", spin > 0 ? "1" : "0");
            if (spin > 0) session.AddSessionConfigEntry("session.intra_op.spin_duration_us", $"{spin}");
        }

        return session;
    }

    /// <summary>Puts a provider into session options; returns why it does not load, null where it does or is the processor.</summary>
    public static string? Append(SessionOptions session, ExecutionProvider provider, int deviceId) =>
        provider == ExecutionProvider.Cpu ? null : OnnxEnvironment.TryLogged(() =>
        {
            if (provider == ExecutionProvider.TensorRt) session.AppendExecutionProvider_Tensorrt(deviceId);
            session.AppendExecutionProvider_CUDA(deviceId);
        });
}
