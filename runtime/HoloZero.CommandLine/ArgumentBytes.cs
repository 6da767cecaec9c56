using System.Text;

namespace HoloZero.CommandLine;

/// <summary>
/// .NET hands a program its arguments as text, with U+FFFD in place of bytes that are none. Such an argument is refused rather than taken
/// for another one: a file of another name would be written, a stop text never match.
/// </summary>
internal static class ArgumentBytes
{
    private const string CommandLine = "/proc/self/cmdline";
    private const char Replacement = '\ufffd';
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The first argument that is not what the user typed, by the option that it belongs to; null where all are.</summary>
    public static string? FirstLossy(IReadOnlyList<string> arguments)
    {
        if (!arguments.Any(argument => argument.Contains(Replacement))) return null;
        var raw = Raw(arguments);
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].Contains(Replacement) || raw is not null && IsText(raw[i])) continue;
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i].Split('=')[0]
                : i > 0 && arguments[i - 1].StartsWith("--", StringComparison.Ordinal) ? arguments[i - 1] : $"argument {i + 1}";
            return name.Contains(Replacement) ? $"argument {i + 1}" : name;
        }

        return null;
    }

    /// <summary>The same arguments as bytes; null where the system does not tell: then no U+FFFD can be told from a lost byte.</summary>
    private static byte[][]? Raw(IReadOnlyList<string> arguments)
    {
        try
        {
            if (!OperatingSystem.IsLinux()) return null;
            // Each ends with a zero byte; before them come the program, and dotnet where that runs it.
            var all = Split(File.ReadAllBytes(CommandLine));
            if (all.Count < arguments.Count) return null;
            byte[][] last = [.. all.TakeLast(arguments.Count)];
            return last.Zip(arguments).All(pair => Encoding.UTF8.GetString(pair.First) == pair.Second) ? last : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static List<byte[]> Split(byte[] commandLine)
    {
        var parts = new List<byte[]>();
        for (var start = 0; start < commandLine.Length;)
        {
            var length = commandLine.AsSpan(start).IndexOf((byte)0);
            if (length < 0) length = commandLine.Length - start;
            parts.Add(commandLine[start..(start + length)]);
            start += length + 1;
        }

        return parts;
    }

    private static bool IsText(byte[] bytes)
    {
        try
        {
            StrictUtf8.GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
