using HoloZero.Artifacts;

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

/// <summary>What somebody says of the reading: a checkpoint that was saved with it, or a person's options. Immutable.</summary>
/// <param name="PrefixAttention">What a prefix position sees; null is not said.</param>
/// <param name="StreamPositions">How rotary positions are counted; null is not said.</param>
/// <param name="StreamOrigin">What a stream begins with; null is not said.</param>
public sealed record PartialReading(PrefixAttention? PrefixAttention = null, StreamPositions? StreamPositions = null,
    StreamOrigin? StreamOrigin = null)
{
    /// <summary>All of a reading.</summary>
    public PartialReading(Reading reading) : this(reading.PrefixAttention, reading.StreamPositions, reading.StreamOrigin)
    {
    }

    /// <summary>The reading that this and what a source says make; our default where neither says anything.</summary>
    /// <param name="saved">What the source says.</param>
    /// <param name="source">The source, for messages.</param>
    /// <exception cref="BadInputException">They contradict each other; it is at the part's name: prefix-attention and so on.</exception>
    public Reading Resolve(PartialReading saved, string source)
    {
        var usual = new Reading();
        return new(Agreed("prefix-attention", PrefixAttention, saved.PrefixAttention) ?? usual.PrefixAttention,
            Agreed("stream-positions", StreamPositions, saved.StreamPositions) ?? usual.StreamPositions,
            Agreed("stream-origin", StreamOrigin, saved.StreamOrigin) ?? usual.StreamOrigin);

        T? Agreed<T>(string name, T? told, T? inSource) where T : struct, Enum
        {
            if (told is { } one && inSource is { } other && !one.Equals(other))
            {
                throw new BadInputException(name, $"{Name(one)} contradicts {source}, which says {Name(other)}",
                    "leave it out, or use a checkpoint that was trained so");
            }

            return told ?? inSource;
        }

        static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
    }

    /// <summary>Every reading that agrees with what is said.</summary>
    public IEnumerable<Reading> Agreeing() => Reading.All.Where(reading =>
        (PrefixAttention ?? reading.PrefixAttention) == reading.PrefixAttention
        && (StreamPositions ?? reading.StreamPositions) == reading.StreamPositions
        && (StreamOrigin ?? reading.StreamOrigin) == reading.StreamOrigin);
}
