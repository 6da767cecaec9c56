using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>How to train. Immutable; written to <c>training.json</c>, from where a run is resumed.</summary>
public sealed record TrainingOptions
{
    /// <summary>Steps in all, 1 to 100 million.</summary>
    public required long Steps { get; init; }

    /// <summary>Windows a step, 1 to 65,536.</summary>
    /// <value>16.</value>
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// Windows computed at once, at least 1: the gradients of a step's parts are added up, in less memory and with other last bits.
    /// </summary>
    /// <value>null: all of them.</value>
    public int? MicroBatch { get; init; }

    /// <summary>
    /// Most prefix slots of a window; each step draws a number from 0 to this. Held-out text is measured with all of them.
    /// </summary>
    /// <value>24.</value>
    public int PrefixSlots { get; init; } = 24;

    /// <summary>Stream bytes of a window, all but the first of them predicted.</summary>
    /// <value>129.</value>
    public int StreamBytes { get; init; } = 129;

    /// <summary>Highest learning rate, above 0 up to 1.</summary>
    /// <value>0.0003.</value>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>Steps over which the learning rate rises from 0.</summary>
    /// <value>100.</value>
    public long WarmUp { get; init; } = 100;

    /// <summary>The share of the learning rate at which the cosine ends.</summary>
    /// <value>0.1.</value>
    public double FinalShare { get; init; } = 0.1;

    /// <summary>The optimizer's numbers.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>The share of each text, at its end, that is held out unless it has a file of its own; above 0, below 1.</summary>
    /// <value>0.05.</value>
    public double HeldOutShare { get; init; } = 0.05;

    /// <summary>Most windows of held-out text that are measured, spread evenly over it; at least 1.</summary>
    /// <value>64.</value>
    public int HeldOutWindows { get; init; } = 64;

    /// <summary>Steps from one measurement of held-out text to the next; at least 1.</summary>
    /// <value>100.</value>
    public long EvaluateEvery { get; init; } = 100;

    /// <summary>Steps from one saved folder to the next; at least 1.</summary>
    /// <value>500.</value>
    public long SaveEvery { get; init; } = 500;

    /// <summary>Minutes after which a folder is saved, if no step saves it before; above 0.</summary>
    /// <value>10.</value>
    public double SaveMinutes { get; init; } = 10;

    /// <summary>How many of the last saves keep their weights in a file of their own, 0 to 1,000.</summary>
    /// <value>0.</value>
    public int KeptSaves { get; init; }

    /// <summary>The same seed gives the same weights on a machine.</summary>
    /// <value>0.</value>
    public ulong Seed { get; init; }

    /// <summary>Threads that compute a step, 1 to 1,024; with another number the last bits may differ.</summary>
    /// <value>null: as many as the engine takes.</value>
    public int? Threads { get; init; }

    /// <summary>What the products of a step are computed in; held-out text is measured in float32 whatever it is.</summary>
    /// <value>float32, where an earlier release wrote it, too.</value>
    public TrainingPrecision Precision { get; init; }

    /// <summary>The share of elements that is dropped where the published blocks drop some, in steps alone; 0 to below 1.</summary>
    /// <value>0.</value>
    public double Dropout { get; init; }

    /// <summary>How the architecture is read; behind an origin the first byte of a stream is learned, too.</summary>
    /// <value>Our default.</value>
    public Reading Reading { get; init; } = new();

    /// <summary>What stands between the documents of a text, as hexadecimal digits; windows lie in one document.</summary>
    /// <value>null: a text is one document.</value>
    public string? DocumentSeparator { get; init; }

    /// <summary>
    /// Whether the end of each text, or of each of its documents, is learned as the symbol that ends a generation; held-out text is
    /// measured without it.
    /// </summary>
    /// <value>false.</value>
    public bool EndOfText { get; init; }

    /// <summary>How windows of films are learned from; null where there are none.</summary>
    /// <value>null.</value>
    public WindowTraining? Windows { get; init; }

    /// <summary>How a trainer computes the steps.</summary>
    internal TrainerOptions Trainer => new()
    {
        Optimizer = Optimizer,
        Threads = Threads,
        Precision = Precision,
        Dropout = Dropout == 0 ? null : new DropoutMasks(Dropout, Seed),
    };

    /// <summary>The windows in which held-out text is measured.</summary>
    internal WindowLayout HeldOutLayout => new(PrefixSlots, StreamBytes, StreamBytes - 1);

    /// <summary>The learning rate of a step: a rise, then half a cosine down to the final share.</summary>
    /// <param name="step">From 0 to <see cref="Steps"/> - 1.</param>
    public double LearningRateAt(long step)
    {
        if (step < WarmUp) return LearningRate * (step + 1) / WarmUp;
        var done = (double)(step - WarmUp) / Math.Max(1, Steps - WarmUp);
        return LearningRate * (FinalShare + (1 - FinalShare) * (1 + Math.Cos(Math.PI * done)) / 2);
    }

    /// <summary>Refuses what is out of range, in words that name the option.</summary>
    /// <exception cref="BadInputException">A value is.</exception>
    public void Validate()
    {
        HeldOutLayout.Validate();
        Windows?.Validate();
        Whole("steps", Steps, 1, 100_000_000);
        Whole("batch", BatchSize, 1, 65_536);
        Whole("micro-batch", MicroBatch ?? 1, 1, 65_536);
        Whole("warm-up", WarmUp, 0, 100_000_000);
        Whole("held-out-windows", HeldOutWindows, 1, int.MaxValue);
        Whole("evaluate-every", EvaluateEvery, 1, long.MaxValue);
        Whole("threads", Threads ?? 1, 1, 1024);
        Whole("save-every", SaveEvery, 1, long.MaxValue);
        Whole("keep", KeptSaves, 0, 1000);
        Require("save-minutes", SaveMinutes, SaveMinutes > 0, "above 0");
        Require("learning-rate", LearningRate, LearningRate is > 0 and <= 1, "above 0 and at most 1");
        Require("final-share", FinalShare, FinalShare is >= 0 and <= 1, "within 0 to 1");
        Require("weight-decay", Optimizer.WeightDecay, Optimizer.WeightDecay is >= 0 and <= 1, "within 0 to 1");
        Require("clip", Optimizer.ClipNorm, Optimizer.ClipNorm > 0, "above 0");
        Require("beta1", Optimizer.Beta1, Optimizer.Beta1 is >= 0 and < 1, "at least 0 and below 1");
        Require("beta2", Optimizer.Beta2, Optimizer.Beta2 is >= 0 and < 1, "at least 0 and below 1");
        Require("epsilon", Optimizer.Epsilon, Optimizer.Epsilon is > 0 and < 1, "above 0 and below 1");
        if (DocumentSeparator is { } hex && (hex.Length == 0 || hex.Length % 2 != 0 || !hex.All(char.IsAsciiHexDigit)))
            throw new BadInputException("document-separator", "it is no bytes in hexadecimal", "name at least one byte");
        Require("dropout", Dropout, Dropout is >= 0 and < 1, "at least 0 and below 1");
        Require("held-out-share", HeldOutShare, HeldOutShare is > 0 and < 1, "above 0 and below 1");

        static void Whole(string name, long value, long least, long most) =>
            Require(name, value, value >= least && value <= most,
                most == long.MaxValue ? $"at least {least}" : $"within {least:N0} to {most:N0}");

        static void Require(string name, double value, bool holds, string allowed)
        {
            if (!holds) throw new BadInputException(name, $"{value} is not {allowed}", "choose another value");
        }
    }
}
