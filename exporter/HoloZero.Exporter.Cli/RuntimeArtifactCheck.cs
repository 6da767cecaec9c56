using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Exporter.Cli;

/// <summary>Runs the self-check with the runtime that will run the artifact, on the processor.</summary>
internal sealed class RuntimeArtifactCheck : IArtifactCheck
{
    public ArtifactCheckResult Run(string folder, string variant, CancellationToken cancellation)
    {
        try
        {
            using var model = Abandonable.Run(
                () => HoloZeroModel.Load(folder, new() { Variant = variant, VerifyHashes = false }), cancellation);
            var worst = SelfCheck.Run(model, cancellation).MaxBy(Badness)!;
            return new(worst.Case, worst.MaxAbsoluteError, worst.Tolerance);
        }
        catch (BadInputException e)
        {
            // It names a file that nobody will ever see.
            var problem = e.Message.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
            throw new UnsoundModelException($"variant {variant} does not run: {problem}; nothing was written");
        }

        // A NaN is the worst.
        static double Badness(SelfCheckCase result) => result.MaxAbsoluteError switch
        {
            double.NaN => double.PositiveInfinity,
            0 => 0,
            var error => error / result.Tolerance,
        };
    }
}
