using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>Generates bytes with a model.</summary>
public static class ByteGeneration
{
    private const int ChunksAhead = 64;

    /// <summary>Continues <paramref name="prompt"/>, byte by byte, for as long as asked: memory is bounded by the context window.</summary>
    /// <param name="model">The model; it may serve other generations at the same time.</param>
    /// <param name="prompt">The prompt, [n]; an empty one is a single 0x00. Left alone by the caller until the end.</param>
    /// <param name="options">What to generate.</param>
    /// <param name="cancellation">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// Pieces as they come, computed on the thread pool up to a few ahead; the last one says how it ended. Each enumeration is a
    /// generation of its own. Ending the enumeration early stops the computation.
    /// </returns>
    /// <exception cref="Artifacts.BadInputException">Options are out of range, contradict each other, or do not fit the prompt.</exception>
    public static IAsyncEnumerable<GenerationChunk> GenerateAsync(this HoloZeroModel model, ReadOnlyMemory<byte> prompt,
        GenerationOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var window = new ContextWindow(model.SlotBytes, options.Window, prompt.Span, options.PrefixSlots);
        return Enumerate(model, prompt, window, options, cancellation);
    }

    /// <summary>The pieces as text: never half a UTF-8 character; bytes that are none become U+FFFD.</summary>
    public static async IAsyncEnumerable<string> ToTextAsync(this IAsyncEnumerable<GenerationChunk> chunks,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var decoder = new Utf8TextDecoder();
        await foreach (var chunk in chunks.WithCancellation(cancellation).ConfigureAwait(false))
        {
            var text = decoder.Append(chunk.Bytes.Span);
            if (text.Length > 0) yield return text;
        }

        var rest = decoder.Flush();
        if (rest.Length > 0) yield return rest;
    }

    private static async IAsyncEnumerable<GenerationChunk> Enumerate(HoloZeroModel model, ReadOnlyMemory<byte> prompt, ContextWindow window,
        GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var channel = Channel.CreateBounded<GenerationChunk>(
            new BoundedChannelOptions(ChunksAhead) { SingleReader = true, SingleWriter = true });
        var production = Task.Run(() => ProduceAsync(model, prompt, window.Clone(), options, channel.Writer, stop.Token),
            CancellationToken.None);
        try
        {
            await foreach (var chunk in channel.Reader.ReadAllAsync(cancellation).ConfigureAwait(false)) yield return chunk;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await production.ConfigureAwait(false);
        }
    }

    private static async Task ProduceAsync(HoloZeroModel model, ReadOnlyMemory<byte> prompt, ContextWindow window,
        GenerationOptions options, ChannelWriter<GenerationChunk> output, CancellationToken cancellation)
    {
        try
        {
            var sampling = options.Sampling.WithSeed();
            var sampler = new ByteSampler(sampling);
            var matcher = new StopSequenceMatcher(options.Stop);
            var released = new ArrayBufferWriter<byte>();
            sampler.Observe(prompt.Span);
            using var session = model.OpenSession();

            var (reason, chosen) = (FinishReason.Length, 0L);
            var next = options.MaxBytes == 0 ? 0 : sampler.Sample(session.Prefill(window.Prefix, window.Stream, cancellation).Last);
            while (chosen < options.MaxBytes)
            {
                cancellation.ThrowIfCancellationRequested();
                if (next == ByteVocabulary.Eos)
                {
                    reason = FinishReason.Eos;
                    break;
                }

                chosen++;
                if (matcher.Append((byte)next, released))
                {
                    reason = FinishReason.Stop;
                    break;
                }

                if (released.WrittenCount > 0) await output.WriteAsync(new(Take(released)), cancellation).ConfigureAwait(false);
                if (chosen < options.MaxBytes) next = Continue(session, window, sampler, (byte)next, cancellation);
            }

            if (reason != FinishReason.Stop) matcher.Flush(released);
            var finish = new GenerationFinish(reason, chosen, sampling.Seed, matcher.MatchedIndex);
            await output.WriteAsync(new(Take(released), finish), cancellation).ConfigureAwait(false);
            output.Complete();
        }
        catch (Exception e)
        {
            output.TryComplete(e);
        }
    }

    private static int Continue(DecodingSession session, ContextWindow window, ByteSampler sampler, byte last,
        CancellationToken cancellation)
    {
        sampler.Observe(last);
        var logits = window.Append(last) ? session.Prefill(window.Prefix, window.Stream, cancellation).Last : session.Step(last);
        return sampler.Sample(logits);
    }

    private static ReadOnlyMemory<byte> Take(ArrayBufferWriter<byte> released)
    {
        var bytes = released.WrittenSpan.ToArray();
        released.ResetWrittenCount();
        return bytes;
    }
}
