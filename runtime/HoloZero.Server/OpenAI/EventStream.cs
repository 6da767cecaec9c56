using System.Text.Json;

namespace HoloZero.Server;

/// <summary>Server-sent events of one answer. Not thread-safe.</summary>
/// <param name="response">The answer, whose head is not sent yet.</param>
internal sealed class EventStream(HttpResponse response) : IDisposable
{
    private readonly Utf8JsonWriter _json = new(response.BodyWriter, Json.Options);

    /// <summary>Sends the head, so that whoever asked knows that it is under way.</summary>
    public Task BeginAsync(CancellationToken cancellation)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        // A proxy that collects an answer before it passes it on would undo the stream.
        response.Headers["x-accel-buffering"] = "no";
        return response.StartAsync(cancellation);
    }

    /// <summary>Adds an event.</summary>
    public void Write(Action<Utf8JsonWriter> write)
    {
        Raw("data: "u8);
        _json.Reset();
        write(_json);
        _json.Flush();
        Raw("\n\n"u8);
    }

    /// <summary>Adds a comment, which clients skip.</summary>
    public void WriteHeartbeat() => Raw(": heartbeat\n\n"u8);

    /// <summary>Adds what tells that nothing follows.</summary>
    public void WriteDone() => Raw("data: [DONE]\n\n"u8);

    /// <summary>Sends what was added; waits while the connection is behind.</summary>
    /// <exception cref="OperationCanceledException">Nobody reads any more.</exception>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        var flushed = await response.BodyWriter.FlushAsync(cancellation);
        if (flushed.IsCompleted || flushed.IsCanceled) throw new OperationCanceledException("the caller has gone");
    }

    /// <summary>Frees the writer.</summary>
    public void Dispose() => _json.Dispose();

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(response.BodyWriter.GetSpan(bytes.Length));
        response.BodyWriter.Advance(bytes.Length);
    }
}
