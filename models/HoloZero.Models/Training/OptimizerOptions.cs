namespace HoloZero.Models.Training;

/// <summary>AdamW's numbers. Immutable.</summary>
public sealed record OptimizerOptions
{
    /// <summary>Decay of the running mean of gradients, 0 to below 1.</summary>
    /// <value>0.9.</value>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the running mean of squared gradients, 0 to below 1.</summary>
    /// <value>0.95.</value>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Keeps the division whole.</summary>
    /// <value>1e-8.</value>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Share of themselves that matrices lose per unit of learning rate, 0 to 1; vectors and the gate keep theirs.</summary>
    /// <value>0.1.</value>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Longest gradient, over all parameters together; above 0.</summary>
    /// <value>1.</value>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Whether a parameter decays: those with two axes do.</summary>
    public static bool Decays(WeightTensor weight) => weight.Shape.Length > 1;
}
