using System.Runtime.ExceptionServices;

namespace HoloZero.CommandLine;

/// <summary>
/// Work that nothing can interrupt from within: loading a graph, reading a terminal. Cancellation leaves it behind, and the program ends
/// without waiting for it. Thread-safe.
/// </summary>
public static class Abandonable
{
    /// <summary>Whether something was left behind that still runs: only the process's end ends it.</summary>
    internal static bool Any { get; private set; }

    /// <summary>Runs it on another thread and waits.</summary>
    /// <param name="work">What it gives is disposed, if it can be, should it come too late.</param>
    /// <param name="cancellation">Leaves it behind.</param>
    /// <exception cref="OperationCanceledException">Cancelled before it was done.</exception>
    public static T Run<T>(Func<T> work, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var running = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            running.Wait(cancellation);
            return running.Result;
        }
        catch (OperationCanceledException)
        {
            Any = true;
            _ = running.ContinueWith(late => (late.Result as IDisposable)?.Dispose(), CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
            throw;
        }
    }
}
