using HoloZero.Models;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>
/// The greedy continuation, each step after the expected bytes rather than the graph's own: one wrong choice does not make all later
/// ones wrong, so every wrong one is found.
/// </summary>
internal static class GreedyCheck
{
    public static CheckResult Run(GraphRunner runner, ExpectedCase test, double tie, string scope)
    {
        var misses = new TensorMisses();
        var (right, ties) = (0, 0);
        VariantRun.Try(misses, test.Name, () =>
        {
            var output = runner.Run(test.Prefix, test.Stream);
            try
            {
                var logits = VariantRun.Values(output.Logits, 1, test.Stream.Length);
                for (var i = 0; i < test.Greedy!.Length; i++)
                {
                    var row = logits.AsSpan()[^AsymDecConfig.Vocabulary..];
                    var (chosen, expected) = (Probability.Argmax(row), test.Greedy[i]);
                    var gap = row[chosen] - row[expected];
                    if (chosen == expected) right++;
                    else if (gap <= tie) ties++;
                    else misses.Add(new($"{test.Name} byte {i}", Words(chosen), Words(expected)));

                    var next = runner.Run([], [expected], output);
                    output.Dispose();
                    output = next;
                    logits = VariantRun.Values(output.Logits, 1, 1);
                }
            }
            finally
            {
                output.Dispose();
            }
        });
        return new(CheckNames.Greedy, test.Name, misses, new Dictionary<string, double>
        {
            ["bytes"] = test.Greedy!.Length,
            ["right"] = right,
            ["ties"] = ties,
        })
        { Scope = scope };
    }

    private static string Words(int symbol) => symbol switch
    {
        AsymDecConfig.MaskId => "MASK",
        AsymDecConfig.EosId => "EOS",
        > 32 and < 127 => $"0x{symbol:x2} '{(char)symbol}'",
        _ => $"0x{symbol:x2}",
    };
}
