using System.Collections.ObjectModel;
using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>A graph on the provider that it got.</summary>
internal sealed record SelectedGraph(OnnxGraph Graph, ProviderCandidate Taken, IReadOnlyList<ProviderRefusal> NotTaken);

/// <summary>Loads a graph on the provider that was asked for, or says why it cannot be had.</summary>
internal static class ProviderSelection
{
    /// <summary>Loads with what <paramref name="options"/> ask for.</summary>
    /// <param name="artifact">The artifact.</param>
    /// <param name="options">The provider and its options.</param>
    /// <param name="cores">Threads where the options say nothing.</param>
    /// <param name="load">
    /// Loads a variant with given session options; throws <see cref="GraphRefusedException"/> where its files are what they were when it
    /// was exported and ONNX Runtime still does not take it.
    /// </param>
    /// <param name="append">Puts a provider into session options; returns why it does not load.</param>
    /// <exception cref="BadInputException">The artifact has nothing for the provider, or its graph is unsound.</exception>
    /// <exception cref="MissingCapabilityException">The provider does not load or does not take the graph.</exception>
    public static SelectedGraph Load(ArtifactFolder artifact, ModelOptions options, int cores,
        Func<ProviderCandidate, SessionOptions, OnnxGraph> load, Func<ProviderCandidate, SessionOptions, string?> append)
    {
        var refusals = new List<ProviderRefusal>();
        foreach (var candidate in ProviderChoice.Candidates(artifact, options.Provider, options.Variant))
        {
            try
            {
                return new(Load(candidate), candidate, refusals);
            }
            catch (Exception e) when (options.Provider == ExecutionProvider.Auto && candidate.Provider != ExecutionProvider.Cpu
                && (e == candidate.Refusal || e is MissingCapabilityException))
            {
                refusals.Add(new(candidate.Provider, e.Message));
            }
        }

        throw new InvalidOperationException("the processor is always among the providers");

        OnnxGraph Load(ProviderCandidate candidate)
        {
            if (candidate.Refusal is { } refusal) throw refusal;
            using var session = NewSession(options, candidate, Threads(artifact, options, candidate, cores));
            if (append(candidate, session) is { } failure) throw CannotRun(failure, null);
            try
            {
                return load(candidate, session);
            }
            catch (GraphRefusedException e)
            {
                // The graph may be sound and only this provider unable to take it.
                throw candidate.Provider == ExecutionProvider.Cpu ? e.Cause : CannotRun(e.Cause.Message, e.Cause, e.Remedy);
            }

            MissingCapabilityException CannotRun(string why, Exception? cause, string? remedy = null) =>
                new($"execution provider {candidate.Provider} cannot run this model here ({ProviderLibraries.Describe(why)})",
                    $"{remedy ?? ProviderLibraries.Remedy(why)}, or choose another provider", cause);
        }
    }

    /// <summary>Why a provider does not load here; null where it does.</summary>
    public static string? WhyNot(ExecutionProvider provider)
    {
        using var session = OnnxEnvironment.NewSessionOptions();
        return Append(session, provider, new ModelOptions { Provider = provider }, tensorRt: null);
    }

    /// <summary>Puts a provider into session options; returns why it does not load, null where it does or is the processor.</summary>
    /// <param name="session">The session's options.</param>
    /// <param name="provider">Which one.</param>
    /// <param name="options">Its options.</param>
    /// <param name="tensorRt">TensorRT's own; null where no graph is to be loaded.</param>
    public static string? Append(SessionOptions session, ExecutionProvider provider, ModelOptions options,
        Dictionary<string, string>? tensorRt) => provider == ExecutionProvider.Cpu ? null : OnnxEnvironment.TryLogged(() =>
        {
            if (provider == ExecutionProvider.TensorRt)
            {
                using var settings = new OrtTensorRTProviderOptions();
                settings.UpdateOptions(tensorRt ?? new() { ["device_id"] = $"{options.DeviceId}" });
                session.AppendExecutionProvider_Tensorrt(settings);
                // What TensorRT is told is nothing that CUDA knows.
                options = options with { ProviderOptions = ReadOnlyDictionary<string, string>.Empty };
            }

            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(ProviderSettings.Cuda(options));
            session.AppendExecutionProvider_CUDA(cuda);
        });

    /// <summary>Threads of a call.</summary>
    /// <exception cref="BadInputException">More were asked for than an exact variant takes.</exception>
    private static int Threads(ArtifactFolder artifact, ModelOptions options, ProviderCandidate candidate, int cores)
    {
        var most = candidate.Provider == ExecutionProvider.Cpu ? artifact.Manifest.MostThreads(candidate.Variant!) ?? int.MaxValue
            : int.MaxValue;
        return options.Threads is not { } asked ? Math.Min(cores, most) : asked <= most ? asked
            : throw new BadInputException("threads", $"{asked} are more than the model's {most} heads, and with those "
                + $"{Untrusted.Quote(candidate.Variant!.Name)} would not give the same bits alone and beside others",
                $"choose at most {most}");
    }

    /// <summary>
    /// Options of a session. On a device no node falls to the processor unseen: each one there would wait for copies in every call. Where
    /// some belong there, ONNX Runtime cannot tell these from others, and <see cref="PlacementCheck"/> does.
    /// </summary>
    private static SessionOptions NewSession(ModelOptions options, ProviderCandidate candidate, int threads)
    {
        var session = OnnxEnvironment.NewSessionOptions(candidate.Variant!.WeightBits);
        session.IntraOpNumThreads = threads;
        session.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        if (candidate.Provider != ExecutionProvider.Cpu && !options.AllowCpuNodes && candidate.Variant.HostNodes.Count == 0)
            session.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
        if (options.SpinMicroseconds is { } spin)
        {
            session.AddSessionConfigEntry("session.intra_op.allow_spinning", spin > 0 ? "1" : "0");
            if (spin > 0) session.AddSessionConfigEntry("session.intra_op.spin_duration_us", $"{spin}");
        }

        return session;
    }
}
