namespace HoloZero.Runtime;

/// <summary>
/// A network gave logits that no byte can be chosen from: NaN, +inf, or nothing above -inf. The cause is the model, its
/// variant or the machine's arithmetic, not the caller's options. The message is one line.
/// </summary>
public sealed class InvalidLogitsException : Exception
{
    internal InvalidLogitsException(string message)
        : base(message)
    {
    }
}
