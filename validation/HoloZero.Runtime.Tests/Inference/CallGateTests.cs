namespace HoloZero.Runtime.Tests;

/// <summary>Who gets in, who waits, and what is freed when.</summary>
public sealed class CallGateTests
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Closing_refuses_the_next_call_waits_for_those_under_way_and_frees_once()
    {
        var gate = new CallGate();
        var (ended, freed) = (0, 0);
        Assert.True(gate.TryEnter());
        Assert.True(gate.TryEnter());
        var closing = Close();
        while (Volatile.Read(ref ended) == 0) Thread.Yield();
        var again = Close();
        Assert.False(gate.TryEnter());
        Assert.True(gate.IsClosed);
        gate.Leave();
        Assert.False(closing.IsCompleted);
        Assert.Equal(0, freed);
        gate.Leave();
        await Task.WhenAll(closing, again).WaitAsync(Enough, TestContext.Current.CancellationToken);
        Assert.Equal((1, 1), (ended, freed));

        Task Close() => Task.Run(() => gate.Close(() => Interlocked.Increment(ref ended), () => Interlocked.Increment(ref freed)));
    }

    [Fact]
    public void A_second_call_is_refused_and_the_first_goes_on()
    {
        var (gate, freed) = (new CallGate(), 0);
        var use = new ExclusiveUse(gate, typeof(CallGateTests), () => freed++);
        using (use.Enter())
        {
            var error = Assert.Throws<ConcurrentUseException>(() => use.Enter());
            Assert.Contains(nameof(CallGateTests), error.Message);
        }

        using (use.Enter()) use.Dispose();
        Assert.Equal(1, freed);
        Assert.Throws<ObjectDisposedException>(() => use.Enter());
        use.Dispose();
        Assert.Equal(1, freed);
        gate.Close(() => { }, () => freed++);
        Assert.Equal(2, freed);
    }

    [Fact]
    public void What_is_disposed_during_a_call_is_freed_when_the_call_ends()
    {
        var (gate, freed) = (new CallGate(), 0);
        var use = new ExclusiveUse(gate, typeof(CallGateTests), () => freed++);
        var call = use.Enter();
        use.Dispose();
        use.Dispose();
        Assert.Equal(0, freed);
        call.Dispose();
        Assert.Equal(1, freed);
    }

    [Fact]
    public void After_the_model_is_closed_a_call_is_refused_and_disposal_still_frees()
    {
        var (gate, freed) = (new CallGate(), 0);
        var use = new ExclusiveUse(gate, typeof(CallGateTests), () => freed++);
        gate.Close(() => { }, () => { });
        Assert.Contains(nameof(HoloZeroModel), Assert.Throws<ObjectDisposedException>(() => use.Enter()).ObjectName);
        use.Dispose();
        Assert.Equal(1, freed);
    }
}
