namespace HoloZero.Fuzz;

/// <summary>Makes inputs smaller. Stateless.</summary>
internal static class Shrinker
{
    /// <summary>Cuts pieces out, large ones first, for as long as <paramref name="keeps"/> holds of what is left.</summary>
    /// <param name="input">An input of which it holds.</param>
    /// <param name="keeps">What must stay true.</param>
    /// <param name="tries">Inputs tried at most.</param>
    public static byte[] Shrink(byte[] input, Func<byte[], bool> keeps, int tries = 2000)
    {
        for (var piece = Math.Max(input.Length / 2, 1); piece > 0 && input.Length > 0; piece /= 2)
        {
            for (var at = 0; at < input.Length && tries-- > 0;)
            {
                byte[] shorter = [.. input.AsSpan(0, at), .. input.AsSpan(Math.Min(at + piece, input.Length))];
                if (keeps(shorter)) input = shorter;
                else at += piece;
            }
        }
        return input;
    }
}
