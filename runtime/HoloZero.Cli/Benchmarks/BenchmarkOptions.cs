using HoloZero.Artifacts;

namespace HoloZero.Cli.Benchmarks;

/// <summary>What to measure. Immutable.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>Times that everything is measured after one round of warm-up, 1 to 100; results are medians over them.</summary>
    /// <value>5.</value>
    public int Rounds { get; init; } = 5;

    /// <summary>Bytes decoded in a round, which is also how long the KV cache gets, 16 to 4,096.</summary>
    /// <value>440.</value>
    public int Bytes { get; init; } = 440;

    /// <summary>Bytes prefilled at once, 16 to 4,096; null for as many as are decoded.</summary>
    /// <value>null.</value>
    public int? PrefillBytes { get; init; }

    /// <summary>Numbers of sequences that get one call, each 1 to 1,024.</summary>
    /// <value>1, 4, 16, 64.</value>
    public IReadOnlyList<int> BatchRows { get; init; } = [1, 4, 16, 64];

    /// <summary>Whether to measure only the latency of a byte and the memory floor below it.</summary>
    /// <value>false.</value>
    public bool LatencyOnly { get; init; }

    /// <summary>Refuses what is out of range.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public void Validate()
    {
        if (Rounds is < 1 or > 100) throw new BadInputException("rounds", $"{Rounds} is not within 1 to 100", "choose some, 5 say");
        Require("bytes", Bytes);
        if (PrefillBytes is { } prefill) Require("prefill-bytes", prefill);
        if (BatchRows.FirstOrDefault(rows => rows is < 1 or > 1024, 1) is var odd and not 1)
            throw new BadInputException("rows", $"{odd} is not within 1 to 1,024", "choose some, 16 say");

        static void Require(string option, int bytes)
        {
            if (bytes is < 16 or > 4096)
                throw new BadInputException(option, $"{bytes} is not within 16 to 4,096", "choose some hundred bytes");
        }
    }
}
