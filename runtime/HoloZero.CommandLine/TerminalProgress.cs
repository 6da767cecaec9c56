namespace HoloZero.CommandLine;

/// <summary>Shows what is being done on one line of the terminal; silent where stderr is not a terminal. Not thread-safe.</summary>
public sealed class TerminalProgress : IProgress<string>, IDisposable
{
    private const string ClearLine = "\r\u001b[K";
    private readonly bool _visible = !Console.IsErrorRedirected;

    /// <inheritdoc/>
    public void Report(string value)
    {
        if (_visible) Console.Error.Write($"{ClearLine}{value} ..");
    }

    /// <summary>Clears the line.</summary>
    public void Dispose()
    {
        if (_visible) Console.Error.Write(ClearLine);
    }
}
