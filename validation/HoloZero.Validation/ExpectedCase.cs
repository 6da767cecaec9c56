using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Validation.Goldens;

namespace HoloZero.Validation;

/// <summary>A prompt with everything that a graph should make of it.</summary>
/// <param name="Golden">The prompt, with what its goldens say.</param>
/// <param name="SlotBytes">Bytes in a prefix slot.</param>
/// <param name="Logits">[stream, 258]: of the goldens, else of the reference.</param>
/// <param name="Reference">What the float64 reference computes; null where it cannot run.</param>
/// <param name="Greedy">Greedy continuation; null where nobody knows it.</param>
internal sealed record ExpectedCase(GoldenCase Golden, int SlotBytes, double[] Logits, AsymDecOutput<DoubleTensor>? Reference,
    byte[]? Greedy)
{
    public string Name => Golden.Name;

    /// <summary>Whether the first byte of the stream is its origin.</summary>
    public bool HasOrigin { get; init; }

    public byte[] Prefix { get; } = Golden.Prefix(SlotBytes);

    public byte[] Stream { get; } = Golden.Stream(SlotBytes);

    /// <summary>The first rows of the stream as whoever puts the origin there himself is given them: without it.</summary>
    public ReadOnlySpan<byte> Given(int rows) => Stream.AsSpan(0, rows)[(HasOrigin ? 1 : 0)..];

    /// <summary>Prefix and stream rows.</summary>
    public int Rows => Golden.PrefixSlots + Stream.Length;

    /// <summary>The largest expected logit, by absolute value.</summary>
    public double Largest { get; } = Logits.Max(Math.Abs);

    /// <summary>Greedy bytes that a case without goldens gets from the reference.</summary>
    public const int ReferenceGreedyBytes = 16;

    /// <summary>Puts together what goldens and reference say.</summary>
    /// <param name="golden">The prompt.</param>
    /// <param name="config">The network.</param>
    /// <param name="reference">The reference; null where it cannot run.</param>
    /// <returns>Null where neither knows the logits.</returns>
    public static ExpectedCase? Of(GoldenCase golden, AsymDecConfig config, ReferenceModel? reference)
    {
        var computed = reference?.Forward(golden.Prefix(config.SlotBytes), golden.Stream(config.SlotBytes));
        var logits = golden.Logits ?? computed?.Logits.Data;
        return logits is null ? null : new(golden, config.SlotBytes, logits, computed, golden.Greedy ?? Continue(reference, computed))
        {
            HasOrigin = config.StreamOrigin == StreamOrigin.Zero,
        };
    }

    private static byte[]? Continue(ReferenceModel? reference, AsymDecOutput<DoubleTensor>? output)
    {
        if (reference is null || output is null) return null;

        var written = new List<byte>();
        while (written.Count < ReferenceGreedyBytes)
        {
            var next = Probability.Argmax(output.Logits.Data.AsSpan()[^AsymDecConfig.Vocabulary..]);
            if (next > byte.MaxValue) break;
            written.Add((byte)next);
            output = reference.Forward([], [(byte)next], output.State);
        }

        return [.. written];
    }
}
