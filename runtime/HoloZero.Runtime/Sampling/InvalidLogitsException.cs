using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// A network gave logits that no byte can be chosen from or scored by: NaN, +inf, or nothing above -inf. The cause is the model, its
/// variant or the machine's arithmetic, not the caller's options. The message is one line.
/// </summary>
public sealed class InvalidLogitsException : UnsoundModelException
{
    internal InvalidLogitsException(string message)
        : base(message)
    {
    }
}
