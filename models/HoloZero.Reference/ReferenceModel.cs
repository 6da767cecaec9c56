using HoloZero.Models;

namespace HoloZero.Reference;

/// <summary>AsymDec in float64 with given weights. Immutable and thread-safe.</summary>
public sealed class ReferenceModel
{
    private readonly Dictionary<string, DoubleTensor> _parameters;

    /// <summary>Widens the weights once.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="weights">Every parameter of <see cref="AsymDec.ParameterShapes"/>, checked.</param>
    public ReferenceModel(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights)
    {
        Config = config;
        _parameters = weights.Values.ToDictionary(w => w.Name, w => new DoubleTensor([.. w.Data.Select(v => (double)v)], [.. w.Shape]));
    }

    /// <summary>The hyper-parameters.</summary>
    public AsymDecConfig Config { get; }

    /// <summary>The state before the first call.</summary>
    public AsymDecState<DoubleTensor> FreshState() =>
        AsymDecState.Layout(Config).Select(tensor => DoubleTensor.Zeros(tensor.ShapeFor(batch: 1, past: 0).Dimensions));

    /// <summary>Runs a whole sequence, or continues one.</summary>
    /// <param name="prefix">Bytes of whole prefix slots; empty unless <paramref name="past"/> is fresh.</param>
    /// <param name="stream">Stream bytes, at least one.</param>
    /// <param name="past">The state to continue from; null is fresh.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Logits [1, stream, 258], the state after them, and every block's output.</returns>
    /// <exception cref="ArgumentException">The stream is empty, or the prefix is not whole slots.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public AsymDecOutput<DoubleTensor> Forward(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream,
        AsymDecState<DoubleTensor>? past = null, CancellationToken cancellation = default)
    {
        if (stream.IsEmpty) throw new ArgumentException("the stream needs at least one byte", nameof(stream));
        if (prefix.Length % Config.SlotBytes != 0)
            throw new ArgumentException($"{prefix.Length} prefix bytes are not whole slots of {Config.SlotBytes}", nameof(prefix));

        return AsymDec.Forward(Operations(observe: null, cancellation), Config, Row(prefix), Row(stream), past ?? FreshState());
    }

    /// <summary>The operations over these weights.</summary>
    /// <param name="observe">Told what goes into each Linear, by module; null where nobody asks.</param>
    /// <param name="cancellation">Stops them.</param>
    internal ReferenceOps Operations(Action<string, DoubleTensor>? observe, CancellationToken cancellation) =>
        new(name => _parameters[name], cancellation, observe);

    /// <summary>Bytes of one sequence.</summary>
    internal static DoubleTensor Row(ReadOnlySpan<byte> bytes)
    {
        var row = DoubleTensor.Zeros(1, bytes.Length);
        for (var i = 0; i < bytes.Length; i++) row.Data[i] = bytes[i];
        return row;
    }
}
