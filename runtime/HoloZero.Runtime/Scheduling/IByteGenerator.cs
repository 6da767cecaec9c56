namespace HoloZero.Runtime;

/// <summary>
/// Generates bytes: the seam between an application and what runs the model, to be replaced in its tests. Thread-safe. Disposing it ends
/// what is under way.
/// </summary>
public interface IByteGenerator : IAsyncDisposable
{
    /// <summary>Continues <paramref name="prompt"/>.</summary>
    /// <param name="prompt">The prompt, [n]; an empty one is a single 0x00. Left alone by the caller until the end.</param>
    /// <param name="options">What to generate.</param>
    /// <param name="cancellation">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// Pieces as they come; the last one says how it ended. Each enumeration is a generation of its own; ending it early frees its place.
    /// Same prompt, options and seed give the same bytes, whatever else runs, in variants that are exact.
    /// </returns>
    /// <exception cref="Artifacts.BadInputException">Options are out of range, contradict each other, or do not fit.</exception>
    /// <exception cref="QueueFullException">At the first piece: too many wait.</exception>
    /// <exception cref="GeneratorStoppedException">It stops, maybe during the enumeration.</exception>
    /// <exception cref="InvalidLogitsException">During the enumeration: the model gives logits that are not finite.</exception>
    /// <exception cref="Artifacts.UnsoundModelException">During the enumeration: the graph fails.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed, maybe during the enumeration.</exception>
    IAsyncEnumerable<GenerationChunk> GenerateAsync(ReadOnlyMemory<byte> prompt, GenerationOptions options,
        CancellationToken cancellation = default);
}
