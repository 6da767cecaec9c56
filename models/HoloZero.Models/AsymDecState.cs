using HoloZero.Artifacts;
using HoloZero.Models.Ops;

namespace HoloZero.Models;

/// <summary>Everything that one forward pass hands to the next. A fresh state has position 0, zero bytes and zero-length caches.</summary>
/// <param name="Position">Prefix and stream rows so far, P: a whole scalar.</param>
/// <param name="StreamTail">The last two stream bytes [B, 2]; 0 stands for a byte that is not there yet.</param>
/// <param name="Layers">The caches of each layer.</param>
public sealed record AsymDecState<T>(T Position, T StreamTail, IReadOnlyList<LayerState<T>> Layers)
{
    /// <summary>Prefix slots before the stream, N: a whole scalar. Nothing where positions run on from prefix to stream.</summary>
    public T? StreamStart { get; init; }

    /// <summary>
    /// Every tensor, always in the same order: position, stream tail, stream start where there is one, then keys, values, S and z layer by
    /// layer.
    /// </summary>
    public IEnumerable<T> Tensors =>
        [Position, StreamTail, .. StreamStart is null ? (T[])[] : [StreamStart],
            .. Layers.SelectMany(l => (T[])[l.Attention.Keys, l.Attention.Values, l.Memory.S, l.Memory.Z])];

    /// <summary>The same structure over what <paramref name="map"/> makes of each tensor.</summary>
    public AsymDecState<TResult> Select<TResult>(Func<T, TResult> map) => new(map(Position), map(StreamTail),
        [.. Layers.Select(l => new LayerState<TResult>(
            new(map(l.Attention.Keys), map(l.Attention.Values)), new(map(l.Memory.S), map(l.Memory.Z))))])
    {
        StreamStart = StreamStart is null ? default : map(StreamStart),
    };
}

/// <summary>The caches of one layer: its self block's keys and values, its memory block's fast weights.</summary>
public sealed record LayerState<T>(KvCache<T> Attention, FastWeights<T> Memory);

/// <summary>Name and axes of a piece of state.</summary>
/// <param name="Name">Below <c>past.</c> or <c>present.</c>: <c>self_blocks.0.k</c>.</param>
/// <param name="Axes">Its axes; <see cref="AsymDecState.Batch"/> and <see cref="AsymDecState.Past"/> are symbolic.</param>
public sealed record StateTensor(string Name, IReadOnlyList<Dimension> Axes)
{
    /// <summary>The shape for a batch and a number of positions so far.</summary>
    public Shape ShapeFor(int batch, int past) => new(
        [.. Axes.Select(axis => axis.Name switch { AsymDecState.Batch => batch, AsymDecState.Past => past, _ => (int)axis.Length!.Value })],
        Axes.Count == 0 ? past : null);
}

/// <summary>What the state of a configuration consists of.</summary>
public static class AsymDecState
{
    /// <summary>The axis of sequences that run side by side.</summary>
    public const string Batch = ArtifactManifest.BatchAxis;

    /// <summary>The axis that grows with every position.</summary>
    public const string Past = "past";

    /// <summary>Every piece of state with its axes.</summary>
    public static AsymDecState<StateTensor> Layout(AsymDecConfig config)
    {
        var (h, k) = (config.Heads, config.HeadWidth);
        return new(new("position", []), new("stream_tail", [Batch, 2]),
            [.. Enumerable.Range(0, config.DecLayers).Select(i => new LayerState<StateTensor>(
                new(new($"self_blocks.{i}.k", [Batch, h, Past, k]), new($"self_blocks.{i}.v", [Batch, h, Past, k])),
                new(new($"mem_blocks.{i}.s", [Batch, h, k, k]), new($"mem_blocks.{i}.z", [Batch, h, k, 1]))))])
        {
            StreamStart = config.StreamPositions == StreamPositions.Restarted ? new("stream_start", []) : null,
        };
    }
}
