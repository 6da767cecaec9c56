using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// What a sequence carries from call to call. Where it lies, on the host or on a device, is its own business. Not thread-safe. Rented from
/// a <see cref="StateStore"/>: dispose it.
/// </summary>
internal interface IDecoderState : IDisposable
{
    /// <summary>Positions so far: prefix slots and stream bytes.</summary>
    long Position { get; }

    /// <summary>Memory that it takes, in bytes, as the store counts it.</summary>
    long Bytes { get; }

    /// <summary>Runs one call and moves on by it.</summary>
    /// <param name="options">Run options; their termination is reported as cancellation.</param>
    /// <param name="prefix">Bytes of whole prefix slots; empty unless nothing has run since <see cref="Reset"/>.</param>
    /// <param name="stream">Stream bytes, at least one.</param>
    /// <param name="logits">Filled: [stream, vocabulary].</param>
    /// <param name="cancellation">The reason for a termination.</param>
    /// <remarks>
    /// After an exception the state is undefined until <see cref="Rollback"/>, <see cref="Reset"/> or <see cref="CopyFrom"/>.
    /// </remarks>
    void Advance(RunOptions options, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, Span<float> logits,
        CancellationToken cancellation);

    /// <summary>
    /// Runs one stream byte and moves on by it: <see cref="Advance"/> without any managed allocation, where that is possible.
    /// </summary>
    /// <returns>Its logits [vocabulary], valid until the next call.</returns>
    ReadOnlySpan<float> Step(RunOptions options, byte next);

    /// <summary>Remembers this moment for <see cref="Rollback"/>, instead of an earlier one.</summary>
    void Mark();

    /// <summary>Goes back to the moment of <see cref="Mark"/>. Only before <see cref="Reset"/> and <see cref="CopyFrom"/>.</summary>
    void Rollback();

    /// <summary>Lets go of the moment of <see cref="Mark"/> and of the memory that it may keep.</summary>
    void Unmark();

    /// <summary>Goes back to before the first byte.</summary>
    void Reset();

    /// <summary>A state of its own that goes on from here, with room for no more than it holds.</summary>
    /// <exception cref="Artifacts.MissingCapabilityException">The store's budget or memory is too small.</exception>
    IDecoderState Copy();

    /// <summary>Becomes what <paramref name="other"/> of the same model is.</summary>
    void CopyFrom(IDecoderState other);
}
