namespace HoloZero.Models;

/// <summary>Which prefix positions a prefix position may attend to.</summary>
public enum PrefixAttention
{
    /// <summary>Position t sees positions 0..t: the mask of the published block.</summary>
    Causal,

    /// <summary>Every prefix position sees the whole prefix; stream positions stay causal.</summary>
    Bidirectional,
}

/// <summary>How rotary positions are counted.</summary>
public enum StreamPositions
{
    /// <summary>From 0 over prefix and stream together.</summary>
    Continuous,

    /// <summary>From 0 over the prefix, and from 0 again over the stream.</summary>
    Restarted,
}

/// <summary>What a stream begins with.</summary>
public enum StreamOrigin
{
    /// <summary>Its first byte, which nothing predicts.</summary>
    Bare,

    /// <summary>An origin byte 0x00, which predicts the first byte.</summary>
    Zero,
}

/// <summary>
/// What is not published of AsymDec's forward, and no tensor tells: one of eight readings. Bits/byte of text decide for a checkpoint.
/// </summary>
/// <param name="PrefixAttention">What a prefix position sees.</param>
/// <param name="StreamPositions">How rotary positions are counted.</param>
/// <param name="StreamOrigin">What a stream begins with.</param>
public sealed record Reading(PrefixAttention PrefixAttention = PrefixAttention.Causal,
    StreamPositions StreamPositions = StreamPositions.Continuous, StreamOrigin StreamOrigin = StreamOrigin.Bare)
{
    /// <summary>All eight, our default first.</summary>
    public static IReadOnlyList<Reading> All { get; } = [.. from attention in Enum.GetValues<PrefixAttention>()
        from positions in Enum.GetValues<StreamPositions>()
        from origin in Enum.GetValues<StreamOrigin>()
        select new Reading(attention, positions, origin)];

    /// <summary>The reading that three options name, in lower case; null where one of them is none.</summary>
    public static Reading? Parse(string prefixAttention, string streamPositions, string streamOrigin) =>
        All.FirstOrDefault(reading => reading.ToString() == $"{prefixAttention}-{streamPositions}-{streamOrigin}");

    /// <summary>As the options name it: <c>causal-continuous-bare</c>.</summary>
    public override string ToString() => $"{PrefixAttention}-{StreamPositions}-{StreamOrigin}".ToLowerInvariant();
}
