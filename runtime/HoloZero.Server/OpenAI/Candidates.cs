using System.Runtime.ExceptionServices;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>One generation of a request. One reader at a time.</summary>
internal sealed class Candidate
{
    private readonly IAsyncEnumerator<GenerationChunk> _chunks;
    private readonly Task<bool> _first;

    /// <summary>Hands it to the model, which takes it or refuses it at once.</summary>
    public Candidate(GenerationRequest request, int prompt, int number, CancellationToken cancellation)
    {
        (Prompt, Number) = (prompt, number);
        _chunks = request.Model.Generator.GenerateAsync(request.Prompts[prompt], request.OptionsOf(number), cancellation)
            .GetAsyncEnumerator(cancellation);
        _first = _chunks.MoveNextAsync().AsTask();
    }

    /// <summary>Which prompt it continues.</summary>
    public int Prompt { get; }

    /// <summary>Which of that prompt's it is.</summary>
    public int Number { get; }

    /// <summary>How it ended, once it has.</summary>
    public GenerationFinish? Finish { get; private set; }

    /// <summary>Why it was refused; null where it was taken.</summary>
    public Exception? Refusal => _first.IsFaulted ? _first.Exception.InnerException : null;

    /// <summary>Reads it to its end.</summary>
    public async Task ReadAsync(Func<GenerationChunk, ValueTask> read)
    {
        try
        {
            for (var more = await _first; more; more = await _chunks.MoveNextAsync())
            {
                Finish = _chunks.Current.Finish ?? Finish;
                await read(_chunks.Current);
            }
        }
        finally
        {
            await _chunks.DisposeAsync();
        }
    }
}

/// <summary>The generations of a request: taken as a whole, or refused as a whole. Dispose them.</summary>
internal sealed class Candidates : IAsyncDisposable
{
    private readonly CancellationTokenSource _cancellation;
    private readonly List<Candidate> _all = [];
    private Task[]? _reading;

    private Candidates(CancellationToken cancellation) => _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

    /// <summary>Cancelled once they end before their time.</summary>
    public CancellationToken Ended => _cancellation.Token;

    /// <summary>All of them, those of a prompt together.</summary>
    public IReadOnlyList<Candidate> All => _all;

    /// <summary>Hands all to the model.</summary>
    /// <exception cref="QueueFullException">Too many wait: none of them is taken.</exception>
    public static async Task<Candidates> StartAsync(GenerationRequest request, CancellationToken cancellation)
    {
        var candidates = new Candidates(cancellation);
        try
        {
            candidates.Start(request);
            return candidates;
        }
        catch
        {
            await candidates.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads all at the same time; the first that fails ends the others.</summary>
    public async Task ReadAsync(Func<Candidate, GenerationChunk, ValueTask> read)
    {
        _reading = [.. _all.Select(async candidate =>
        {
            try
            {
                await candidate.ReadAsync(chunk => read(candidate, chunk));
            }
            catch
            {
                await _cancellation.CancelAsync();
                throw;
            }
        })];
        // The first to fail is the cause; the others were cancelled by it.
        await foreach (var ended in Task.WhenEach(_reading)) await ended;
    }

    /// <summary>Ends what is under way and waits until all places are free.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cancellation.CancelAsync();
        _reading ??= [.. _all.Select(candidate => candidate.ReadAsync(_ => ValueTask.CompletedTask))];
        await Task.WhenAll(_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _cancellation.Dispose();
    }

    private void Start(GenerationRequest request)
    {
        for (var prompt = 0; prompt < request.Prompts.Count; prompt++)
        {
            for (var number = 0; number < request.BestOf; number++)
            {
                var candidate = new Candidate(request, prompt, number, _cancellation.Token);
                _all.Add(candidate);
                if (candidate.Refusal is { } refusal) ExceptionDispatchInfo.Throw(refusal);
            }
        }
    }
}
