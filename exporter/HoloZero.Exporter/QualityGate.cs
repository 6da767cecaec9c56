using System.Security.Cryptography;
using HoloZero.Artifacts;
using static HoloZero.Artifacts.ArtifactManifest;

namespace HoloZero.Exporter;

/// <summary>Measures how well the graphs of an artifact predict text. The exporter itself runs no graph.</summary>
public interface IQualityMeter
{
    /// <summary>Mean of -log2 of the probability given to each predicted byte.</summary>
    /// <param name="folder">A sound artifact.</param>
    /// <param name="variant">The graph.</param>
    /// <param name="text">Held-out text.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The bits per byte, and how many bytes were predicted.</returns>
    (double BitsPerByte, long Bytes) Measure(string folder, string variant, ReadOnlyMemory<byte> text, CancellationToken cancellation);
}

/// <summary>What rounding weights may cost, and how that is found out. Immutable.</summary>
public sealed record QualityOptions
{
    /// <summary>Bytes of held-out text at least: fewer do not tell half a percent.</summary>
    public const int LeastTextBytes = 16_384;

    /// <summary>Runs graphs; null refuses variants with rounded weights unless <see cref="AcceptAny"/>.</summary>
    /// <value>null.</value>
    public IQualityMeter? Meter { get; init; }

    /// <summary>Text that the network never saw, <see cref="LeastTextBytes"/> or more; null as for <see cref="Meter"/>.</summary>
    /// <value>null.</value>
    public ReadOnlyMemory<byte>? HeldOutText { get; init; }

    /// <summary>Whether to export variants with rounded weights whatever they cost, measured or not.</summary>
    /// <value>false.</value>
    public bool AcceptAny { get; init; }
}

/// <summary>Lets variants with rounded weights pass only with a measured cost within their limit.</summary>
internal static class QualityGate
{
    /// <summary>The variants to write: those asked for, and the one that they are compared with.</summary>
    /// <exception cref="BadInputException">There is nothing to measure the cost with.</exception>
    public static IReadOnlyList<GraphVariant> WithBaseline(IReadOnlyList<GraphVariant> variants, QualityOptions options)
    {
        if (variants.FirstOrDefault(variant => variant.MaxQualityLoss is not null) is not { } rounded) return variants;
        if (options.HeldOutText is { } text && options.Meter is not null)
        {
            if (text.Length < QualityOptions.LeastTextBytes)
            {
                throw new BadInputException("held-out", $"{text.Length:N0} bytes do not tell what rounding costs",
                    $"give at least {QualityOptions.LeastTextBytes:N0}");
            }

            return variants.Contains(GraphVariant.Float32) ? variants : [.. variants, GraphVariant.Float32];
        }

        return options.AcceptAny ? variants : throw new BadInputException("variant",
            $"{rounded.Name} rounds weights, and there is no held-out text to measure what that costs",
            "give --held-out FILE, or --accept-any-quality to export it unmeasured");
    }

    /// <summary>What the variants of a written artifact cost; empty where nothing is to be measured.</summary>
    /// <exception cref="UnsoundModelException">One costs more than it may.</exception>
    public static IReadOnlyDictionary<string, QualityInfo> Measure(string folder, IReadOnlyList<GraphVariant> variants,
        QualityOptions options, Action<string> step, CancellationToken cancellation)
    {
        var rounded = variants.Where(variant => variant.MaxQualityLoss is not null).ToArray();
        var measured = new Dictionary<string, QualityInfo>(StringComparer.Ordinal);
        if (rounded.Length == 0 || options is not { HeldOutText: { } text, Meter: { } meter }) return measured;

        var digest = Convert.ToHexStringLower(SHA256.HashData(text.Span));
        var baseline = BitsPerByte(GraphVariant.Float32).BitsPerByte;
        foreach (var variant in rounded)
        {
            var (bits, bytes) = BitsPerByte(variant);
            var loss = bits / baseline - 1;
            if (!double.IsFinite(loss) || (loss > variant.MaxQualityLoss && !options.AcceptAny))
            {
                throw new UnsoundModelException($"variant {variant.Name} takes {bits:f5} bits/byte where fp32 takes {baseline:f5}: "
                    + $"{loss:p2} more, allowed are {variant.MaxQualityLoss:p1}; leave it out or give --accept-any-quality");
            }

            measured[variant.Name] = new(bits, baseline, bytes, digest);
        }

        return measured;

        (double BitsPerByte, long Bytes) BitsPerByte(GraphVariant variant)
        {
            step($"measuring variant {variant.Name} on held-out text");
            return meter.Measure(folder, variant.Name, text, cancellation);
        }
    }
}
