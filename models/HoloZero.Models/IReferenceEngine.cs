namespace HoloZero.Models;

/// <summary>Computes the logits that an artifact carries for its self-check.</summary>
public interface IReferenceEngine
{
    /// <summary>What it is, for the manifest: engine and precision.</summary>
    string Name { get; }

    /// <summary>The names of all engines that computed these logits and agreed on them.</summary>
    /// <value>This one alone.</value>
    IReadOnlyList<string> Agreeing => [Name];

    /// <summary>
    /// Logits [stream, 258] of a whole sequence, row-major: row i predicts byte i + 1. Where the configuration has an origin there is one
    /// row more, of the origin, and row i predicts byte i.
    /// </summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="prefix">Bytes of whole prefix slots.</param>
    /// <param name="stream">Stream bytes without an origin, at least one.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream,
        CancellationToken cancellation);
}
