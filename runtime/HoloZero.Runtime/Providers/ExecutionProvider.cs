namespace HoloZero.Runtime;

/// <summary>What runs the graph.</summary>
public enum ExecutionProvider
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>NVIDIA CUDA.</summary>
    Cuda,

    /// <summary>NVIDIA TensorRT, with CUDA for what it does not take. Builds an engine first, which takes minutes.</summary>
    TensorRt,

    /// <summary>
    /// The first of <see cref="Cuda"/>, <see cref="TensorRt"/> and <see cref="Cpu"/> that loads and for which the artifact has a graph.
    /// <see cref="HoloZeroModel.Provider"/> tells which, <see cref="HoloZeroModel.NotTaken"/> why not those before it.
    /// </summary>
    Auto,
}

/// <summary>A provider that would have been preferred, and could not be had.</summary>
/// <param name="Provider">Which one.</param>
/// <param name="Reason">Why, in one line.</param>
public sealed record ProviderRefusal(ExecutionProvider Provider, string Reason);
