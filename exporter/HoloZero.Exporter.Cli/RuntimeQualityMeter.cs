using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Exporter.Cli;

/// <summary>Scores text with the runtime that will run the artifact.</summary>
internal sealed class RuntimeQualityMeter : IQualityMeter
{
    public (double BitsPerByte, long Bytes) Measure(string folder, string variant, ReadOnlyMemory<byte> text,
        CancellationToken cancellation)
    {
        using var model = Abandonable.Run(
            () => HoloZeroModel.Load(folder, new() { Variant = variant, VerifyHashes = false }), cancellation);
        var score = Scoring.Score(model, text.Span, cancellation: cancellation);
        return (score.BitsPerByte, score.Bytes);
    }
}
