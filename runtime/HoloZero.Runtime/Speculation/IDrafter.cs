using System.Diagnostics;

namespace HoloZero.Runtime;

/// <summary>Guesses bytes to check. What it says decides how fast a generation is and nothing else. Not thread-safe.</summary>
internal interface IDrafter
{
    /// <summary>Bytes to check after the next one of a generation that steps alone; none where a step is better.</summary>
    /// <param name="history">Its bytes so far, the next one last. It is given back as it was.</param>
    ReadOnlySpan<byte> Propose(DraftHistory history);

    /// <summary>Instead of what was proposed last, a step has been made.</summary>
    /// <param name="chosen">The byte that came after it; null where none came.</param>
    /// <param name="ticks">What it took, in ticks of <see cref="Stopwatch"/>.</param>
    void Stepped(byte? chosen, long ticks);

    /// <summary>What was proposed last has been checked.</summary>
    /// <param name="right">How many guesses were right.</param>
    /// <param name="ended">Whether the sequence went no further, so that nothing is known of the next guess.</param>
    /// <param name="ticks">What the call took, in ticks of <see cref="Stopwatch"/>.</param>
    void Checked(int right, bool ended, long ticks);
}
