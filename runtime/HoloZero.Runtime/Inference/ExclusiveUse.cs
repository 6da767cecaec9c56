using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Two calls at the same time on a session or batch, which take one at a time. The call that was under way goes on undisturbed; the
/// other has done nothing.
/// </summary>
/// <param name="what">What was called.</param>
public sealed class ConcurrentUseException(string what)
    : HoloZeroException($"{what} takes one call at a time and another is under way; open one for each thread");

/// <summary>
/// Lets one call at a time use what its owner holds, and only as long as the model lives. What is disposed during a call is freed when
/// the call ends. Entering and leaving allocate nothing. Thread-safe.
/// </summary>
/// <param name="model">The calls of the model.</param>
/// <param name="owner">Who is called.</param>
/// <param name="free">Frees what the owner holds; called once.</param>
internal sealed class ExclusiveUse(CallGate model, Type owner, Action free)
{
    private const int Idle = 0, Busy = 1, Disposed = 2;

    private int _state;

    /// <summary>Begins a call; disposing the result ends it.</summary>
    /// <exception cref="ObjectDisposedException">The owner or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public Call Enter()
    {
        var before = Interlocked.CompareExchange(ref _state, Busy, Idle);
        ObjectDisposedException.ThrowIf((before & Disposed) != 0, owner);
        if (before != Idle) throw new ConcurrentUseException(owner.Name);
        if (model.TryEnter()) return new(this);
        Leave();
        throw new ObjectDisposedException(typeof(HoloZeroModel).FullName);
    }

    /// <summary>Refuses further calls and frees, at once or when the call under way ends.</summary>
    public void Dispose()
    {
        if (Interlocked.Or(ref _state, Disposed) == Idle) free();
    }

    private void LeaveModel() => model.Leave();

    private void Leave()
    {
        if (Interlocked.And(ref _state, ~Busy) != Busy) free();
    }

    /// <summary>A call under way.</summary>
    public readonly struct Call(ExclusiveUse use) : IDisposable
    {
        /// <summary>Ends it.</summary>
        public void Dispose()
        {
            use.Leave();
            use.LeaveModel();
        }
    }
}
