using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Exporter;

/// <summary>An engine every logit of which another engine has to confirm before anything is written. Not thread-safe.</summary>
/// <param name="engine">Computes the logits.</param>
/// <param name="witness">Has to agree with it within <see cref="Tolerance"/>.</param>
public sealed class ConfirmedEngine(IReferenceEngine engine, IReferenceEngine witness) : IReferenceEngine
{
    /// <summary>How far two float64 engines may be apart, per unit of the largest logit: what the reference is held to itself.</summary>
    public const double Tolerance = 1e-9;

    /// <summary>How far the two were apart at most, per unit of the largest logit of a call; 0 before the first.</summary>
    public double Distance { get; private set; }

    /// <inheritdoc/>
    public string Name => engine.Name;

    /// <inheritdoc/>
    public IReadOnlyList<string> Agreeing => [.. engine.Agreeing, .. witness.Agreeing];

    /// <inheritdoc/>
    /// <exception cref="UnsoundModelException">The engines disagree.</exception>
    public double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream,
        CancellationToken cancellation)
    {
        var logits = engine.Logits(config, weights, prefix, stream, cancellation);
        var confirmed = witness.Logits(config, weights, prefix, stream, cancellation);
        var largest = confirmed.Max(Math.Abs);
        for (var i = 0; i < confirmed.Length; i++)
        {
            var apart = Math.Abs(logits[i] - confirmed[i]);
            if (apart <= Tolerance * largest)
            {
                if (apart > 0) Distance = Math.Max(Distance, apart / largest);
                continue;
            }

            var (row, column) = Math.DivRem(i, AsymDecConfig.Vocabulary);
            throw new UnsoundModelException($"logit [{row}, {column}] of {prefix.Length} prefix and {stream.Length} stream bytes is "
                + $"{logits[i]:G9} with {engine.Name} and {confirmed[i]:G9} with {witness.Name}; nothing was written, please report it");
        }

        return logits;
    }
}
