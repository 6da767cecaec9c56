namespace HoloZero.Models.Training;

/// <summary>What the products of a step are computed in.</summary>
public enum TrainingPrecision
{
    /// <summary>float32, as all else.</summary>
    Float32,

    /// <summary>
    /// bfloat16 in each Linear and in the two products of attention, forwards and backwards, as PyTorch's autocast does: the factors are
    /// rounded to bfloat16, and so is the product, sums within it aside. All else stays in float32: weights, norms, softmax, GELU, what is
    /// added to the residual stream, the whole of the gated memory between its Linears, the loss, the sums of gradients, AdamW.
    /// </summary>
    Bfloat16,
}

/// <summary>How a trainer computes its steps. Immutable.</summary>
public sealed record TrainerOptions
{
    /// <summary>AdamW's numbers.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>How many compute a step, 1 to 1,024, in the whole process.</summary>
    /// <value>null: the engine's own choice.</value>
    public int? Threads { get; init; }

    /// <summary>What the products of a step are computed in.</summary>
    /// <value>float32.</value>
    public TrainingPrecision Precision { get; init; }
}
