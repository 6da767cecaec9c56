using System.Globalization;
using HoloZero.Models;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>What a probe found, in words. Stateless and thread-safe.</summary>
internal static class ProbeText
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <param name="result">What it found.</param>
    /// <param name="saved">What the checkpoint says itself; null where it says nothing.</param>
    /// <param name="missing">Why TorchSharp did not compute, where it did not.</param>
    /// <param name="wasCut">Whether there is more of the text than was measured.</param>
    public static string Of(ProbeResult result, PartialReading? saved, string? missing, bool wasCut)
    {
        var lines = new List<string>
        {
            string.Create(Culture, $"{result.Bytes:N0} bytes in {result.Windows:N0} windows of {result.Layout.PrefixSlots} prefix slots "
                + $"and {result.Layout.StreamBytes} stream bytes, computed with {result.Engine}{(missing is null ? "" : $" ({missing})")}"),
            "",
            $"{"reading",-32} bits/byte    behind  standard error",
        };
        lines.AddRange(result.Readings.Select(reading => string.Create(Culture, $"{reading.Reading,-32} {reading.BitsPerByte,9:F5}")
            + (reading.Behind == 0 ? "" : string.Create(Culture, $"  +{reading.Behind:F5}  {Error(reading.StandardError)}"))));
        lines.Add("");
        lines.AddRange(result.Answers.Select(Words));
        lines.Add(Verdict(result, wasCut));
        if (saved is not null) lines.Add(Saved(result, saved));
        return string.Join('\n', lines);
    }

    /// <summary>What a checkpoint says to a question; null where it says nothing.</summary>
    public static string? SavedAnswer(string question, PartialReading? saved) => question switch
    {
        "prefix-attention" => saved?.PrefixAttention?.ToString().ToLowerInvariant(),
        "stream-positions" => saved?.StreamPositions?.ToString().ToLowerInvariant(),
        _ => saved?.StreamOrigin?.ToString().ToLowerInvariant(),
    };

    private static string Words(ProbeAnswer answer)
    {
        var question = answer.Question.Replace('-', ' ');
        if (answer.StandardError is not { } error)
            return string.Create(Culture, $"{question}: not told, {answer.Difference:F5} bits/byte in one window say nothing of the noise");
        var noise = string.Create(Culture, $"{ProbeAnswer.Threshold * error:F5}, {ProbeAnswer.Threshold} standard errors of {error:F5}");
        return answer.IsDecided
            ? string.Create(Culture, $"{question}: {answer.Best}, better by {answer.Difference:F5} bits/byte, more than {noise}")
            : string.Create(Culture, $"{question}: not told, {answer.Difference:F5} bits/byte are no more than {noise}");
    }

    private static string Error(double? standardError) => standardError is { } error ? string.Create(Culture, $"{error:F5}") : "none";

    private static string Verdict(ProbeResult result, bool wasCut)
    {
        ProbeAnswer[] decided = [.. result.Answers.Where(answer => answer.IsDecided)];
        var more = wasCut ? "raise --max-bytes, or leave it out"
            : "this is all of the text; another, longer one, of the kind that the checkpoint was trained on, may tell";
        if (decided.Length == 0) return result.Answers.Count == 0 ? "verdict: none, one reading was measured" : $"verdict: none, {more}";
        return $"verdict: export with {string.Join(' ', decided.Select(answer => $"--{answer.Question} {answer.Best}"))}"
            + (decided.Length < result.Answers.Count ? $"; for the rest: {more}" : "");
    }

    private static string Saved(ProbeResult result, PartialReading saved)
    {
        var says = string.Join(' ', result.Answers.Select(answer => SavedAnswer(answer.Question, saved)).OfType<string>());
        string[] otherwise = [.. result.Answers.Where(answer => answer.IsDecided && SavedAnswer(answer.Question, saved) is { } own
            && own != answer.Best).Select(answer => answer.Question.Replace('-', ' '))];
        return says.Length == 0 ? "the checkpoint says which reading it was trained with; nothing was left to decide"
            : $"the checkpoint says it was trained with: {says}; the text "
                + (otherwise.Length > 0 ? $"speaks against it in {string.Join(" and ", otherwise)}"
                    : result.Answers.Any(answer => answer.IsDecided) ? "agrees" : "does not contradict it");
    }
}
