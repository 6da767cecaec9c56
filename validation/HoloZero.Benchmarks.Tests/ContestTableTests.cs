using System.Text.Json.Nodes;

namespace HoloZero.Benchmarks.Tests;

public class ContestTableTests
{
    private static readonly ContestTable Rate = new("rate", "Rate", "N0", LessIsBetter: false, timing => timing.Batch);
    private static readonly ContestTable Time = new("time", "Time", "F1", LessIsBetter: true, timing => timing.Step);

    private static readonly Row Measured = new("int8", "int8",
    [
        new([Of(1, 4, 100), Of(2, 2, 150)], new Dictionary<string, List<Timing>> { ["peer"] = [Of(1, 3, 300), Of(2, 6, 200)] }),
        new([Of(1, 4, 100), Of(2, 8, 600)], new Dictionary<string, List<Timing>> { ["peer"] = [Of(1, 8, 300), Of(2, 9, 200)] }),
        new([Of(1, 4, 900), Of(2, 1, 100)], new Dictionary<string, List<Timing>> { ["peer"] = [Of(1, 3, 300), Of(2, 2.5, 200)] }),
    ], []);

    [Fact]
    public void Each_side_is_taken_at_its_best_round_by_round()
    {
        // Times 2, 4, 1 against 3, 8, 2.5; rates 150, 600, 900 against 300.
        Assert.Equal(new Advantage(2, 1.5, 2.5), Time.Against(Measured, "peer"));
        Assert.Equal(new Advantage(2, 0.5, 3), Rate.Against(Measured, "peer"));
    }

    [Fact]
    public void The_table_names_numbers_of_threads_and_the_floor()
    {
        Assert.Contains("| int8 | int8 | 3.0 (1/2) | 2.0 (1/2) | 2.00 (1.50-2.50) | 0.500 | 4.00 |", Time.Lines([Measured]));
        Assert.Contains("| int8 | int8 | 300 (1) | 600 (1/2) | 2.00 (0.50-3.00) |", Rate.Lines([Measured]));
    }

    [Fact]
    public void What_was_not_measured_is_a_dash()
    {
        var alone = new Row("portable", "float32",
            [new([Of(1, 4, 1) with { Batch = null }], new Dictionary<string, List<Timing>>())], []);
        Assert.Contains("| portable | float32 | - | - | - |", Rate.Lines([alone, Measured]));
        Assert.Null(Rate.Against(alone, "peer"));
        Assert.Contains("| portable | float32 | 4.0 (1) | 0.500 | 8.00 |", Time.Lines([alone]));
    }

    private static Timing Of(int threads, double step, double batch) => new(threads, step, batch, 1, new JsonObject
    {
        ["measured"] = new JsonObject { ["memory_floor"] = new JsonObject { ["median_milliseconds"] = 0.5 } },
    });
}
