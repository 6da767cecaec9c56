using System.Diagnostics;

namespace HoloZero.Fuzz;

/// <summary>An input that breaks the property.</summary>
/// <param name="Target">Whose input.</param>
/// <param name="Input">The input, shrunk.</param>
/// <param name="Kind">What happened and where, the same for every input that meets the same fault.</param>
/// <param name="Details">The exception as it was thrown, or the measure that was exceeded.</param>
public sealed record Finding(string Target, byte[] Input, string Kind, string Details)
{
    /// <summary>The kind of an input that is never done.</summary>
    public const string Hang = "hang";

    /// <summary>The kind of an input that takes too much memory.</summary>
    public const string Memory = "memory";

    /// <summary>Of an exception that the reader should not have thrown.</summary>
    internal static Finding Of(string target, byte[] input, Exception e)
    {
        var frames = new StackTrace(e.InnerException ?? e).GetFrames().Select(frame => frame.GetMethod());
        var ours = frames.FirstOrDefault(method => method?.DeclaringType?.FullName is { } name
            && name.StartsWith("HoloZero.", StringComparison.Ordinal) && !name.StartsWith("HoloZero.Fuzz.", StringComparison.Ordinal));
        var what = e is UnfitMessageException ? $"{e.GetType().Name} ({e.Message})" : e.GetType().Name;
        return new(target, input, $"{what} in {Place(ours)}", e.ToString());
    }

    private static string Place(System.Reflection.MethodBase? method) =>
        method is null ? "no method of ours" : $"{method.DeclaringType!.FullName}.{method.Name}";
}
