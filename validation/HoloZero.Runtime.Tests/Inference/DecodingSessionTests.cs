using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>What a session promises about cancelled and mistaken calls, and about its end.</summary>
public sealed class DecodingSessionTests(TinyArtifacts tiny)
{
    private static readonly byte[] Text = [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 37 + 5))];

    [Fact]
    public void A_call_cancelled_between_its_pieces_leaves_the_session_as_it_was()
    {
        // More bytes than can be done before the signal are more than a variant with baked rotary tables takes.
        using var model = Load(chunk: 4, variant: "portable");
        using var session = model.OpenSession();
        using var untouched = model.OpenSession();
        session.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8, 8));
        untouched.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8, 8));
        var many = new byte[200_000];
        for (var delay = 1; delay <= 16; delay *= 2)
        {
            using var cancellation = new CancellationTokenSource(delay);
            Assert.ThrowsAny<OperationCanceledException>(() => { session.Append(many, cancellation.Token); });
            Assert.Equal(12, session.Position);
            using var again = new CancellationTokenSource(delay);
            Assert.ThrowsAny<OperationCanceledException>(() => { session.Prefill([], many, again.Token); });
            Assert.Equal(12, session.Position);
        }

        Assert.Equal(untouched.Step(3).ToArray(), session.Step(3).ToArray());
    }

    [Fact]
    public void A_mistaken_call_is_refused_and_leaves_the_session_as_it_was()
    {
        using var model = Load();
        using var session = model.OpenSession();
        using var untouched = model.OpenSession();
        session.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8, 8));
        untouched.Prefill(Text.AsSpan(0, 8), Text.AsSpan(8, 8));

        Assert.Throws<ArgumentException>(() => { session.Append([]); });
        Assert.Throws<ArgumentException>(() => { session.Prefill(Text.AsSpan(0, 8), []); });
        Assert.Throws<ArgumentException>(() => { session.Prefill(Text.AsSpan(0, 7), [1]); });
        using var other = Load();
        using var stranger = other.OpenSession();
        using var snapshot = stranger.Snapshot();
        Assert.Throws<ArgumentException>(() => session.Restore(snapshot));

        Assert.Equal(12, session.Position);
        Assert.Equal(untouched.Step(3).ToArray(), session.Step(3).ToArray());
    }

    [Fact]
    public void A_fresh_session_takes_stream_bytes_without_a_prefill()
    {
        using var model = Load();
        using var appended = model.OpenSession();
        using var prefilled = model.OpenSession();
        Assert.Equal(prefilled.Prefill([], Text).Data.ToArray(), appended.Append(Text).Data.ToArray());
    }

    [Fact]
    public void A_disposed_session_refuses_every_call()
    {
        using var model = Load();
        var session = model.OpenSession();
        session.Prefill([], Text);
        using var snapshot = session.Snapshot();
        session.Dispose();
        session.Dispose();

        Assert.Throws<ObjectDisposedException>(() => { session.Append(Text); });
        Assert.Throws<ObjectDisposedException>(() => { session.Step(1); });
        Assert.Throws<ObjectDisposedException>(() => { session.Prefill([], Text); });
        Assert.Throws<ObjectDisposedException>(() => session.Snapshot());
        Assert.Throws<ObjectDisposedException>(() => session.Fork());
        Assert.Throws<ObjectDisposedException>(() => session.Restore(snapshot));
    }

    [Fact]
    public void A_snapshot_outlives_its_session()
    {
        using var model = Load();
        using var untouched = model.OpenSession();
        untouched.Prefill([], Text);
        var session = model.OpenSession();
        session.Prefill([], Text);
        var snapshot = session.Snapshot();
        session.Dispose();

        using var heir = model.OpenSession();
        heir.Restore(snapshot);
        snapshot.Dispose();
        snapshot.Dispose();
        Assert.Equal(untouched.Step(9).ToArray(), heir.Step(9).ToArray());
        Assert.Throws<ObjectDisposedException>(() => heir.Restore(snapshot));
    }

    [Fact]
    public void A_disposed_model_refuses_calls_in_words()
    {
        var model = Load();
        using var session = model.OpenSession();
        session.Prefill([], Text);
        model.Dispose();
        model.Dispose();

        Assert.Throws<ObjectDisposedException>(() => { session.Append(Text); });
        Assert.Throws<ObjectDisposedException>(() => { session.Prefill([], Text); });
    }

    private HoloZeroModel Load(int chunk = 512, string? variant = null) =>
        HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal), new() { Variant = variant, PrefillChunkBytes = chunk, Threads = 1 });
}
