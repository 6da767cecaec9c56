namespace HoloZero.Artifacts;

/// <summary>
/// What every exception of these libraries derives from. Anything else that comes out of them is the caller's misuse of a method
/// (<see cref="ArgumentException"/>, <see cref="InvalidOperationException"/>), a cancellation, or a fault to report.
/// </summary>
/// <param name="message">What is wrong.</param>
/// <param name="inner">The failure underneath, if any.</param>
public abstract class HoloZeroException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Input that the caller can mend: a file, an option, a value. The message is one line that says where, what and what to do.
/// Programs map it to exit code 2.
/// </summary>
public sealed class BadInputException : HoloZeroException
{
    /// <param name="where">The file, option or parameter at fault.</param>
    /// <param name="what">What is wrong with it: the actual value and what is allowed.</param>
    /// <param name="remedy">What to do about it.</param>
    /// <param name="inner">The failure underneath, if any.</param>
    public BadInputException(string where, string what, string remedy, Exception? inner = null)
        : base(Untrusted.OneLine($"{where}: {what}; {remedy}"), inner) => (Where, What, Remedy) = (where, what, remedy);

    /// <summary>The file, option or parameter at fault: how the message begins.</summary>
    public string Where { get; }

    /// <summary>What is wrong with it.</summary>
    public string What { get; }

    /// <summary>What to do about it: how the message ends.</summary>
    public string Remedy { get; }
}

/// <summary>A model that is well-formed but computes nonsense. The message is one line. Programs map it to exit code 1.</summary>
/// <param name="message">What it computed, and what to do about it.</param>
public class UnsoundModelException(string message) : HoloZeroException(Untrusted.OneLine(message));

/// <summary>
/// The machine lacks something that was asked for: a library, an execution provider, memory. The message is one line.
/// Programs map it to exit code 3.
/// </summary>
public sealed class MissingCapabilityException : HoloZeroException
{
    /// <param name="what">What is missing.</param>
    /// <param name="remedy">What to do about it.</param>
    /// <param name="inner">The failure underneath, if any.</param>
    public MissingCapabilityException(string what, string remedy, Exception? inner = null)
        : base(Untrusted.OneLine($"{what}; {remedy}"), inner)
    {
    }
}
