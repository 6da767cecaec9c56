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

    /// <summary>Calls after which what a step or a check takes is measured again.</summary>
    private const int StaleAfter = 512;

    /// <summary>
    /// Calls of the same sort one after the other that it takes to measure: the first pushes the other graph's weights out of the caches.
    /// </summary>
    private const int Burst = 4;

    private const double TimeWeight = 1.0 / 16, ShareWeight = 1.0 / 64;
    private const int TableKinds = 16, Kinds = DraftHistory.LongestMatch + 1 + TableKinds;

    private readonly byte[] _drafts = new byte[rows - 1];
    private readonly int[] _kinds = new int[rows - 1];
    private readonly double[] _share = [.. Enumerable.Range(0, Kinds).Select(FirstShare)];
    private readonly CallTime _step = new(), _check = new();
    private int _count;

    public ReadOnlySpan<byte> Propose(DraftHistory history)
    {
        Guess(history);
        return _count > 0 && PaysOff() ? _drafts.AsSpan(0, _count) : [];
    }

    public void Stepped(byte? chosen, long ticks)
    {
        _step.Add(ticks);
        _check.Other();
        if (_count > 0 && chosen is { } next) Learn(0, next == _drafts[0]);
    }

    public void Checked(int right, bool ended, long ticks)
    {
        _check.Add(ticks);
        _step.Other();
        for (var i = 0; i < right; i++) Learn(i, true);
        if (right < _count && !ended) Learn(right, false);
    }

    private void Guess(DraftHistory history)
    {
        var (following, length) = history.LongestEarlier();
        for (_count = 0; _count < _drafts.Length; _count++)
        {
            // Beyond its own end a text that repeats itself goes on with what has been guessed.
            var quoted = length == 0 ? null : _count < following.Length ? following.Span[_count]
                : (byte?)_drafts[_count - following.Length];
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
        if (_step.IsStale) return false;
        if (_check.IsStale) return true;
        var (expected, reached) = (1.0, 1.0);
        for (var i = 0; i < _count; i++) expected += reached *= _share[_kinds[i]];
        return expected * _step.Ticks > Margin * _check.Ticks;
    }

    private void Learn(int draft, bool right)
    {
        ref var share = ref _share[_kinds[draft]];
        share += ((right ? 1 : 0) - share) * ShareWeight;
    }

    private static double FirstShare(int kind) => kind <= DraftHistory.LongestMatch
        ? 1 - 1.5 / Math.Max(DraftHistory.ShortestMatch, kind)
        : (kind - DraftHistory.LongestMatch - 0.5) / TableKinds;

    /// <summary>What a sort of call takes while it is the one that is made.</summary>
    private sealed class CallTime
    {
        private int _age = StaleAfter;
        private int _streak;
        private int _tries;

        public double Ticks { get; private set; }

        /// <summary>Whether it has to be made for a while, to be measured.</summary>
        public bool IsStale => _age >= StaleAfter;

        public void Add(long ticks)
        {
            _age++;
            _streak++;
            // Where others always come in between, the last of some will do.
            if (_streak < Burst && !(IsStale && ++_tries == 2 * Burst)) return;
            // One call that was interrupted counts as twice the usual at most, and what was usual long ago counts no more.
            Ticks = Ticks == 0 || IsStale ? ticks : Ticks + (Math.Min(ticks, 2 * Ticks) - Ticks) * TimeWeight;
            (_age, _tries) = (0, 0);
        }

        public void Other()
        {
            _age++;
            _streak = 0;
        }
    }
}
