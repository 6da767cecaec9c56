using System.Collections.ObjectModel;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>How to load a model. Immutable.</summary>
public sealed record ModelOptions
{
    /// <summary>Which of the artifact's graphs to run.</summary>
    /// <value>The first that the manifest lists.</value>
    public string? Variant { get; init; }

    /// <summary>What to run it on. One that is named runs the model or loading it fails: nothing else ever stands in for it.</summary>
    /// <value><see cref="ExecutionProvider.Cpu"/>.</value>
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>The device of that provider, from 0.</summary>
    /// <value>0.</value>
    public int DeviceId { get; init; }

    /// <summary>
    /// Bytes of a device's memory that CUDA's arena (weights, states, what a call computes with) may take at most, 1,048,576 and more. It
    /// is CUDA's alone: TensorRT cannot be limited so, and the processor is not.
    /// </summary>
    /// <value>As many as there are.</value>
    public long? DeviceMemoryBytes { get; init; }

    /// <summary>
    /// Whether nodes that a device's provider leaves over may run on the processor, each with copies to and fro in every call. Without
    /// leave a graph that the provider does not take whole is an error; <see cref="NodePlacement"/> tells where nodes run.
    /// </summary>
    /// <value>false.</value>
    public bool AllowCpuNodes { get; init; }

    /// <summary>
    /// More options of the provider by ONNX Runtime's names for them, which go before those that the library sets itself. A provider
    /// refuses what it does not know.
    /// </summary>
    /// <value>None.</value>
    public IReadOnlyDictionary<string, string> ProviderOptions { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>
    /// A folder where <see cref="ExecutionProvider.TensorRt"/> keeps the engines that it builds, in one of its own for each model, device
    /// and version: building takes minutes, loading seconds. Made where it is missing.
    /// </summary>
    /// <value>null: engines are built in every process.</value>
    public string? EngineCacheFolder { get; init; }

    /// <summary>
    /// Threads that compute one call, 1 to 1,024; of an exact variant on the processor no more than the model has heads, since with more
    /// a row would not have the same bits alone and beside others.
    /// </summary>
    /// <value>
    /// The physical cores that this process may use, as far as the above allows: its affinity and a container's CPU limit count, a core's
    /// second hardware thread does not. Where the cores are not known, the processors.
    /// </value>
    public int? Threads { get; init; }

    /// <summary>
    /// Stream bytes that a call hands to the graph at once, 2 to 1,048,576: more go in pieces, between which a call can be cancelled. The
    /// last piece may have one more, since a row that goes alone is computed in another way than several.
    /// </summary>
    /// <value>512.</value>
    public int PrefillChunkBytes { get; init; } = 512;

    /// <summary>
    /// Bytes of memory that the states of all sequences may take at once: sessions, batches, snapshots and what a generator keeps. Whoever
    /// asks for more is refused by <see cref="MissingCapabilityException"/>.
    /// </summary>
    /// <value>
    /// Three quarters of the memory that this process may use. Where states lie on a device: of <see cref="DeviceMemoryBytes"/> less the
    /// weights, or of what its memory has left when the model is loaded; where a device does not tell, loading fails.
    /// </value>
    public long? MaxStateBytes { get; init; }

    /// <summary>
    /// Microseconds, 0 to 1,000,000, for which a thread of a call that has nothing to do looks for work before it sleeps. More keeps them
    /// awake from one step to the next and the processor busy while nobody steps; 0 puts them to sleep at once, which makes every step
    /// slower.
    /// </summary>
    /// <value>
    /// 200: back-to-back steps find the threads awake, and a model that rests, rests. ONNX Runtime's own choice, null, keeps more than a
    /// core busy at 50 steps a second, whatever the steps take.
    /// </value>
    public int? SpinMicroseconds { get; init; } = 200;

    /// <summary>
    /// Whether to load what checks several guessed bytes in one call, where the artifact has it: a generation that runs alone uses it where
    /// it pays, and gets the same bytes. It takes about as much memory again as the variant's weights. On the processor alone, where steps
    /// and checks are known to have the same bits.
    /// </summary>
    /// <value>true.</value>
    public bool Speculation { get; init; } = true;

    /// <summary>
    /// Whether to compare the SHA-256 of the variant's files with the manifest; of all others, and otherwise, only the size is compared.
    /// </summary>
    /// <value>true.</value>
    public bool VerifyHashes { get; init; } = true;

    /// <summary>Checks ranges; whether the options fit a model is checked when it is loaded.</summary>
    /// <exception cref="BadInputException">An option is out of range.</exception>
    public void Validate()
    {
        if (Threads is < 1 or > 1024)
            throw new BadInputException("threads", $"{Threads} is not within 1 to 1,024", "choose a number of processors");
        if (SpinMicroseconds is < 0 or > 1_000_000)
            throw new BadInputException("spin", $"{SpinMicroseconds} is not within 0 to 1,000,000 microseconds", "leave it out for 200");
        if (DeviceId < 0) throw new BadInputException("device", $"{DeviceId} is negative", "count devices from 0");
        if (MaxStateBytes < 0)
            throw new BadInputException("state bytes", $"{MaxStateBytes} is negative", "leave it out for most of the memory");
        if (PrefillChunkBytes is < 2 or > 1 << 20)
        {
            throw new BadInputException("prefill chunk", $"{PrefillChunkBytes} is not within 2 to 1,048,576 bytes",
                "choose some hundred bytes");
        }
        if (!Enum.IsDefined(Provider))
            throw new BadInputException("provider", $"{Provider} is unknown", "choose Cpu, Cuda, TensorRt or Auto");
        if (DeviceMemoryBytes is < 1 << 20)
        {
            throw new BadInputException("device memory", $"{DeviceMemoryBytes:N0} bytes hold no model",
                "give 1,048,576 and more, or leave it out");
        }

        if (DeviceMemoryBytes is not null && Provider == ExecutionProvider.TensorRt)
            throw new BadInputException("device memory", "TensorRT cannot be limited", "leave it out, or choose Cuda");
        ArgumentNullException.ThrowIfNull(ProviderOptions);
        if (Provider == ExecutionProvider.Cpu && ProviderOptions.Count > 0)
        {
            throw new BadInputException("provider options", "the processor has none", "name the provider that they are for");
        }

        if (EngineCacheFolder is { Length: 0 })
            throw new BadInputException("engine cache", "is no folder's name", "name a folder, or leave it out");
    }
}
