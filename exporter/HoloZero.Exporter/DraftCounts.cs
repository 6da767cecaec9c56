using HoloZero.Artifacts;

namespace HoloZero.Exporter;

/// <summary>Counts in a text which byte most often follows which, for drafts.</summary>
internal static class DraftCounts
{
    /// <summary>Entries that a table has at most: 256 KiB.</summary>
    public const int MostEntries = 1 << 15;

    /// <summary>A byte that follows less often is not worth a guess.</summary>
    private const double LeastShare = 0.25;

    /// <summary>Name of the table in its folder.</summary>
    public const string FileName = "drafts.bin";

    /// <summary>The contexts that tell most; the same text gives the same table.</summary>
    /// <param name="text">The text.</param>
    /// <param name="checkpointSha256">Of the checkpoint whose drafts they are, 64 lower-case hexadecimal digits.</param>
    /// <exception cref="BadInputException">The text is too short to tell anything.</exception>
    public static DraftTable Of(ReadOnlySpan<byte> text, string checkpointSha256)
    {
        var candidates = new List<(DraftEntry Entry, int Right)>();
        var shorter = new Dictionary<ulong, byte>();
        for (var length = 1; length <= DraftTable.MaxContext; length++)
        {
            var guesses = new Dictionary<ulong, byte>();
            foreach (var (context, followers) in Followers(text, length))
            {
                var (next, right) = followers.MaxBy(pair => (pair.Value, -pair.Key));
                var total = followers.Values.Sum();
                if (total < 2) continue;
                guesses[context] = next;
                // Where the shorter context guesses the same it says it for both.
                var said = length > 1 && shorter.TryGetValue(context & Mask(length - 1), out var known) && known == next;
                if (!said && right >= LeastShare * total) candidates.Add((Entry(context, length, next, right, total), right));
            }

            shorter = guesses;
        }

        if (candidates.Count == 0)
            throw new BadInputException("draft-from", $"its {text.Length:N0} bytes repeat nothing", "give more text, or leave it out");
        return new(checkpointSha256, candidates.OrderByDescending(candidate => candidate.Right).Take(MostEntries)
            .Select(candidate => candidate.Entry));
    }

    private static Dictionary<ulong, Dictionary<byte, int>> Followers(ReadOnlySpan<byte> text, int length)
    {
        var all = new Dictionary<ulong, Dictionary<byte, int>>();
        var context = 0UL;
        for (var i = 0; i < text.Length; i++)
        {
            if (i >= length)
            {
                if (!all.TryGetValue(context, out var followers)) all[context] = followers = [];
                followers[text[i]] = followers.GetValueOrDefault(text[i]) + 1;
            }

            context = (context << 8 | text[i]) & Mask(length);
        }

        return all;
    }

    private static DraftEntry Entry(ulong context, int length, byte next, int right, int total)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++) bytes[i] = (byte)(context >> 8 * (length - 1 - i));
        return new(bytes, next, (byte)(255L * right / total));
    }

    private static ulong Mask(int length) => (1UL << 8 * length) - 1;
}
