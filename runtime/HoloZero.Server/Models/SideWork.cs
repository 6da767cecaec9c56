namespace HoloZero.Server;

/// <summary>Runs what computes for long beside the generators: one at a time, and a bounded number waits. Thread-safe.</summary>
/// <param name="mostQueued">How many wait at most.</param>
/// <param name="what">What they are, for messages: "texts wait to be scored".</param>
/// <param name="retryAfter">Seconds after which another try is worth it.</param>
internal sealed class SideWork(int mostQueued, string what, int retryAfter) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _count;

    /// <summary>Runs one when its turn comes. Who leaves is let go at once; what runs by then holds its place until it has ended.</summary>
    /// <exception cref="ApiException">Too many wait.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        var before = Interlocked.Increment(ref _count) - 1;
        if (before <= mostQueued) return InTurnAsync(work, cancellation).WaitAsync(cancellation);
        Interlocked.Decrement(ref _count);
        throw new ApiException(ApiError.TooMany($"{before} {what} already", retryAfter));
    }

    /// <summary>Frees what it waits with.</summary>
    public void Dispose() => _turn.Dispose();

    private async Task<T> InTurnAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        try
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                return await Task.Run(work, cancellation);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
