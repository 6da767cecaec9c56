namespace HoloZero.Runtime;

/// <summary>
/// Where a prefill may be cut. The attention kernel computes one row of a sequence in another order than several, which several there are
/// makes no difference: so that a row's bits do not depend on how a prefill was cut, no piece is a single row unless all of it is.
/// </summary>
internal static class PrefillPieces
{
    /// <summary>Rows of a piece at least, where there are as many.</summary>
    public const int FewestRows = 2;

    /// <summary>Stream bytes of the next piece.</summary>
    /// <param name="remaining">Stream bytes to come, 1 or more.</param>
    /// <param name="most">Stream bytes that go at once, 2 or more; the last piece may have one more.</param>
    public static int Next(int remaining, int most) => remaining < most + FewestRows ? remaining : most;
}
