using System.Text;
using System.Text.RegularExpressions;

namespace HoloZero.TorchSharp;

/// <summary>Why a native library does not load, and what to do, from what the loader says of it.</summary>
/// <param name="Cause">What is missing, with what this machine has instead.</param>
/// <param name="Remedy">What to do about it.</param>
internal sealed partial record LoadFailure(string Cause, string Remedy)
{
    /// <summary>Reads the message of a <see cref="DllNotFoundException"/>, which has a line for every place that was looked at.</summary>
    public static LoadFailure Of(string message)
    {
        if (MissingVersion().Match(message) is { Success: true } missing)
        {
            var (library, kind, version) = (missing.Groups[1].Value, missing.Groups[2].Value, missing.Groups[3].Value);
            var here = Highest(library, kind) is { } offered ? $"this machine has {offered}" : "this machine has an older one";
            return kind == "GLIBCXX"
                ? new($"TorchSharp needs libstdc++ of GCC 13 (GLIBCXX_{version}), and {here}", "use Ubuntu 24.04, Debian 13 or newer")
                : new($"TorchSharp needs {Path.GetFileName(library)} with {kind}_{version}, and {here}", "use a newer system");
        }

        // LibTorchSharp is looked for in many places where it has no business to be; what is said of another library tells more.
        var cause = Causes().Matches(message).Select(match => match.Value).OrderBy(text => text.Contains("LibTorchSharp")
            && text.EndsWith("No such file or directory", StringComparison.Ordinal)).FirstOrDefault() ?? message.Split(". ")[0];
        return new($"TorchSharp's native library does not load ({cause})", "build again, or install what libtorch needs on this machine");
    }

    /// <summary>The highest version of a kind of symbols that a library offers: it names them all in its string table.</summary>
    private static string? Highest(string library, string kind)
    {
        try
        {
            return Regex.Matches(Encoding.Latin1.GetString(File.ReadAllBytes(library)), $@"{kind}_(\d+(?:\.\d+)+)")
                .Select(match => Version.Parse(match.Groups[1].Value)).Max()?.ToString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"(/\S+): version `([A-Z]+)_([\d.]+)' not found")]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"[^\s/]+: (cannot open shared object file: [\w ]+|file too short|invalid ELF header|undefined symbol: \w+)")]
    private static partial Regex Causes();
}
