using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>ONNX Runtime does not take a graph on one provider; on another it may.</summary>
internal sealed class GraphRefusedException(BadInputException cause) : HoloZeroException(cause.Message, cause)
{
    /// <summary>What it is where no other provider is left.</summary>
    public BadInputException Cause => cause;
}
