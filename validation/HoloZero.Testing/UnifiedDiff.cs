using System.Text;

namespace HoloZero.Testing;

/// <summary>What changed between two texts, as <c>diff -u</c> shows it.</summary>
public static class UnifiedDiff
{
    private const int Context = 3;

    /// <summary>Null where the texts are equal.</summary>
    public static string? Between(string expected, string actual)
    {
        if (expected == actual) return null;

        var lines = Align(expected.Split('\n'), actual.Split('\n'));
        var shown = new StringBuilder();
        var last = -1;
        for (var i = 0; i < lines.Count; i++)
        {
            var near = Enumerable.Range(Math.Max(0, i - Context), Context).Concat(Enumerable.Range(i, Context + 1));
            if (!near.Any(j => j < lines.Count && lines[j][0] != ' ')) continue;
            if (i > last + 1) shown.Append("@@\n");
            shown.Append(lines[last = i]).Append('\n');
        }

        return shown.ToString();
    }

    /// <summary>Every line of both, marked ' ', '-' or '+', along a longest common subsequence.</summary>
    private static List<string> Align(string[] expected, string[] actual)
    {
        var common = new int[expected.Length + 1, actual.Length + 1];
        for (var e = expected.Length - 1; e >= 0; e--)
            for (var a = actual.Length - 1; a >= 0; a--)
                common[e, a] = expected[e] == actual[a] ? common[e + 1, a + 1] + 1 : Math.Max(common[e + 1, a], common[e, a + 1]);

        var lines = new List<string>();
        var (left, right) = (0, 0);
        while (left < expected.Length || right < actual.Length)
        {
            if (left < expected.Length && right < actual.Length && expected[left] == actual[right])
            {
                lines.Add($"  {expected[left++]}");
                right++;
            }
            else if (right == actual.Length || left < expected.Length && common[left + 1, right] >= common[left, right + 1])
            {
                lines.Add($"- {expected[left++]}");
            }
            else
            {
                lines.Add($"+ {actual[right++]}");
            }
        }

        return lines;
    }
}
