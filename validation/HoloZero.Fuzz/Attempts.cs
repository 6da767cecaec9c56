using HoloZero.Artifacts;

namespace HoloZero.Fuzz;

/// <summary>
/// Counts how readings of one campaign ended. The property: in a result, or in a <see cref="BadInputException"/> fit to print.
/// </summary>
public sealed class Attempts
{
    /// <summary>Characters of a message: five quoted names of 120 escaped characters, twice, and words.</summary>
    public const int LongestMessage = 8192;

    /// <summary>Readings that ended in a result.</summary>
    public long Read { get; private set; }

    /// <summary>Readings that ended in a typed exception.</summary>
    public long Refused { get; private set; }

    /// <summary>Tries one way to read.</summary>
    /// <returns>Whether there was a result.</returns>
    /// <exception cref="UnfitMessageException">It was refused in words that nobody should print.</exception>
    public bool Try(Action read)
    {
        try
        {
            read();
            Read++;
            return true;
        }
        catch (BadInputException e)
        {
            Refused++;
            if (e.Message.Length > LongestMessage) throw new UnfitMessageException($"has {e.Message.Length} characters", e);
            if (e.Message.Any(char.IsControl)) throw new UnfitMessageException("has control characters", e);
            return false;
        }
    }
}

/// <summary>A refusal whose message would flood a terminal or steer it.</summary>
public sealed class UnfitMessageException(string what, Exception refusal) : Exception($"the message {what}", refusal);
