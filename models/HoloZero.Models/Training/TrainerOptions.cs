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

    /// <summary>What is dropped in each step; nothing is where something is measured.</summary>
    /// <value>null: nothing.</value>
    public IDropout? Dropout { get; init; }
}

/// <summary>What dropout leaves: a function of where it is asked, whatever was asked before. Thread-safe.</summary>
public interface IDropout
{
    /// <summary>Says what the elements of one sequence are multiplied by: 0, or what makes up for those that are dropped.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="window">Number of the sequence within the step, from 0, however the step is parted.</param>
    /// <param name="place">Number of the place within the network, from 0, in the order of the forward pass.</param>
    /// <param name="factors">One for each element, row-major, to be filled.</param>
    void Fill(long step, int window, int place, Span<float> factors);
}
