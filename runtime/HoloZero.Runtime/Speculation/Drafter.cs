using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Guesses bytes and decides whether to check several of them in one call or to step: by what guesses of their kind were worth so far, and
/// by what either call took. A wrong decision costs time and changes no byte. Not thread-safe.
/// </summary>
/// <param name="rows">Rows that a check always computes.</param>
/// <param name="table">What an earlier text says; null is none.</param>
internal sealed class Drafter(int rows, DraftTable? table) : IDrafter
{
    /// <summary>A check must be better by so much, as both are estimates.</summary>
    private const double Margin = 1.05;

    /// <summary>Calls of one sort after which the other is measured again.</summary>
    private const int StaleAfter = 512;

    private const double TimeWeight = 1.0 / 16, ShareWeight = 1.0 / 64;
    private const int TableKinds = 16, Kinds = DraftHistory.LongestMatch + 1 + TableKinds;

    private readonly byte[] _drafts = new byte[rows - 1];
    private readonly int[] _kinds = new int[rows - 1];
    private readonly double[] _share = [.. Enumerable.Range(0, Kinds).Select(FirstShare)];
    private int _count;
    private double _step, _check;
    private int _steps, _checks;

    public ReadOnlySpan<byte> Propose(DraftHistory history)
    {
        Guess(history);
        return _count > 0 && PaysOff() ? _drafts.AsSpan(0, _count) : [];
    }

    public void Stepped(byte? chosen, long ticks)
    {
        Average(ref _step, ticks, _checks);
        (_steps, _checks) = (_steps + 1, 0);
        if (_count > 0 && chosen is { } next) Learn(0, next == _drafts[0]);
    }

    public void Checked(int right, bool ended, long ticks)
    {
        Average(ref _check, ticks, _steps);
        (_checks, _steps) = (_checks + 1, 0);
        for (var i = 0; i < right; i++) Learn(i, true);
        if (right < _count && !ended) Learn(right, false);
    }

    private void Guess(DraftHistory history)
    {
        var (following, length) = history.LongestEarlier();
        for (_count = 0; _count < _drafts.Length; _count++)
        {
            // Beyond its own end a text that repeats itself goes on with what has been guessed.
            var quoted = length == 0 ? null : _count < following.Length ? following.Span[_count] : (byte?)_drafts[_count - following.Length];
            var kind = Math.Min(length + _count, DraftHistory.LongestMatch);
            var guess = table?.Find(history.Bytes);
            var tableKind = guess is { } known ? DraftHistory.LongestMatch + 1 + known.Share * TableKinds / 256 : 0;
            if (quoted is null && guess is null) break;
            (_drafts[_count], _kinds[_count]) = guess is { } found && (quoted is null || _share[tableKind] > _share[kind])
                ? (found.Next, tableKind) : (quoted!.Value, kind);
            // What was found ends where another guess was better.
            if (quoted is not null && _drafts[_count] != quoted) length = 0;
            history.Append(_drafts.AsSpan(_count, 1));
        }

        history.RemoveLast(_count);
    }

    private bool PaysOff()
    {
        if (_check == 0 || _steps >= StaleAfter) return true;
        if (_step == 0 || _checks >= StaleAfter) return false;
        var (expected, reached) = (1.0, 1.0);
        for (var i = 0; i < _count; i++) expected += reached *= _share[_kinds[i]];
        return expected * _step > Margin * _check;
    }

    private void Learn(int draft, bool right)
    {
        ref var share = ref _share[_kinds[draft]];
        share += ((right ? 1 : 0) - share) * ShareWeight;
    }

    /// <summary>
    /// One call that was interrupted counts as twice the usual at most, and what was usual long ago counts no more.
    /// </summary>
    private static void Average(ref double mean, long ticks, int others) => mean = mean == 0 || others >= StaleAfter ? ticks
        : mean + (Math.Min(ticks, 2 * mean) - mean) * TimeWeight;

    private static double FirstShare(int kind) => kind <= DraftHistory.LongestMatch
        ? 1 - 1.5 / Math.Max(DraftHistory.ShortestMatch, kind)
        : (kind - DraftHistory.LongestMatch - 0.5) / TableKinds;
}
