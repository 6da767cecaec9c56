using System.Globalization;
using System.Text;

namespace HoloZero.Artifacts;

/// <summary>
/// Text that came out of a file, made fit for a message: names in a hostile file may carry terminal escapes, line breaks, or a
/// megabyte. Stateless and thread-safe.
/// </summary>
public static class Untrusted
{
    private const int MaxLength = 120;

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

    private static bool IsPrintable(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
