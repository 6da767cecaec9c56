using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>ONNX Runtime does not take a graph on one provider; on another it may.</summary>
internal sealed class GraphRefusedException(BadInputException cause, string? remedy = null) : HoloZeroException(cause.Message, cause)
{
    /// <summary>What to do so that this provider takes it; null where its own words have to tell.</summary>
    public string? Remedy => remedy;

    /// <summary>What it is where no other provider is left.</summary>
    public BadInputException Cause => cause;
}
