using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Models;
using static HoloZero.Artifacts.ArtifactManifest;

namespace HoloZero.Exporter;

/// <summary>How the ranges of activations are found that variants with fixed scales round by. Immutable.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Runs the network; null refuses variants that need it.</summary>
    /// <value>null.</value>
    public IActivationMeter? Meter { get; init; }

    /// <summary>Text like that which the network will meet; null is text that it writes itself.</summary>
    /// <value>null.</value>
    public ReadOnlyMemory<byte>? Text { get; init; }
}

/// <summary>What goes into the matrices of a network, and on which text that was measured.</summary>
internal sealed record Calibration(IReadOnlyDictionary<string, ActivationRange> Ranges, CalibrationInfo Info)
{
    /// <summary>Measures; null where no variant asks for it.</summary>
    /// <exception cref="BadInputException">There is nothing to measure with, or the text is too short or of no use.</exception>
    public static Calibration? For(IReadOnlyList<GraphVariant> variants, CalibrationOptions options, AsymDecConfig config,
        IReadOnlyDictionary<string, WeightTensor> weights, Action<string> step, CancellationToken cancellation)
    {
        if (variants.FirstOrDefault(variant => variant.NeedsRanges) is not { } variant)
        {
            return options.Text is null ? null : throw new BadInputException("calibration", "no variant that is exported rounds by it",
                $"leave it out, or export the variant {GraphVariant.Int8.Name}");
        }

        if (options.Meter is not { } meter)
        {
            throw new BadInputException("variant", $"{variant.Name} rounds activations, and there is nothing to measure them with",
                "give the exporter an activation meter, or leave the variant out");
        }

        if (options.Text is null) step("writing text to calibrate on");
        var text = options.Text ?? meter.Write(config, weights, cancellation);
        step("measuring activations");
        var ranges = meter.Measure(config, weights, text, cancellation);
        return new(ranges, new(options.Text is null ? CalibrationInfo.OwnText : CalibrationInfo.GivenText, text.Length,
            Convert.ToHexStringLower(SHA256.HashData(text.Span))));
    }
}
