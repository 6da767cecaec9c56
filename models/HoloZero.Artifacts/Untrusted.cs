using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace HoloZero.Artifacts;

/// <summary>
/// Text that came out of a file, made fit for a message: names in a hostile file may carry terminal escapes, line breaks, or a
/// megabyte. Stateless and thread-safe.
/// </summary>
public static partial class Untrusted
{
    private const int MaxLength = 120, MaxMessage = 200, MaxLine = 4000;

    /// <summary>The text in single quotes, on one line, unprintable characters escaped, cut after 120 characters.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, MaxLength)))
        {
            if (IsPrintable(c)) quoted.Append(c);
            else quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return quoted.Append(text.Length > MaxLength ? "...'" : "'").ToString();
    }

    /// <summary>The first few names quoted, with how many more there are.</summary>
    public static string QuoteFew(IReadOnlyCollection<string> names)
    {
        const int few = 5;
        var listed = string.Join(", ", names.Take(few).Select(Quote));
        return names.Count > few ? $"{listed} and {names.Count - few} more" : listed;
    }

    /// <summary>
    /// A whole message on one line that cannot write to the terminal: colours of other libraries taken out, line breaks made spaces, other
    /// unprintable characters escaped, cut after 4,000.
    /// </summary>
    public static string OneLine(string message)
    {
        message = TerminalStyle().Replace(message, "").ReplaceLineEndings(" ");
        var line = new StringBuilder();
        for (var i = 0; i < message.Length; i++)
        {
            if (line.Length > MaxLine) return line.Append("...").ToString();
            // Two halves of a character beyond the first 65,536 are fit to print; one alone is not.
            if (i + 1 < message.Length && char.IsSurrogatePair(message[i], message[i + 1])) line.Append(message, i++, 2);
            else if (IsPrintable(message[i])) line.Append(message[i]);
            else line.Append(CultureInfo.InvariantCulture, $"\\u{(int)message[i]:x4}");
        }
        return line.ToString();
    }

    /// <summary>What another library says about a file, which may repeat a megabyte of it: the first 200 characters.</summary>
    public static string Cut(string message) => message.Length <= MaxMessage ? message : message[..MaxMessage] + "...";

    /// <summary>Whether a name is one to show as it is: 1 to 120 printable characters.</summary>
    internal static bool IsPlainName(string? name) => name is { Length: > 0 and <= MaxLength } && name.All(IsPrintable);

    [GeneratedRegex("\u001b\\[[0-9;]*[a-zA-Z]")]
    private static partial Regex TerminalStyle();

    private static bool IsPrintable(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
