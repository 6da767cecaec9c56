using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Validation.Graphs;

/// <summary>A piece of state that a graph must carry.</summary>
/// <param name="Name">Below <c>past.</c> and <c>present.</c>.</param>
/// <param name="Axes">Its axes; those with names may have any, but for the batch.</param>
/// <param name="Types">Element types that it may have.</param>
/// <param name="InPlace">Whether what comes out may be written over what went in.</param>
internal sealed record StatePort(string Name, IReadOnlyList<Dimension> Axes, TensorType[] Types, bool InPlace);

/// <summary>Where in a graph's state a tensor of the network's state lies.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Port">The <see cref="StatePort"/> that holds it.</param>
/// <param name="Columns">The columns of the port's last axis that are it; null is all of them.</param>
internal sealed record StatePiece(string Name, string Port, Range? Columns = null);

/// <summary>
/// A way to write the network down: what the validator knows of it, from the decision records rather than from the exporter's code.
/// </summary>
internal abstract class GraphForm
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string ContribDomain = "com.microsoft";

    /// <summary>The variant that any ONNX runtime can run.</summary>
    public const string PortableVariant = "portable";

    public static GraphForm Portable { get; } = new PortableForm();

    public static GraphForm Fused { get; } = new FusedForm();

    /// <summary>The operators of <see cref="ContribDomain"/> that a graph of this form may have.</summary>
    public abstract IReadOnlySet<string> ContribOperators { get; }

    /// <summary>Whether rotary angles come from a table, which ends somewhere.</summary>
    public bool HasRotaryTable => this == Fused;

    /// <summary>The form of a variant: it has ONNX Runtime's own operators or it has not.</summary>
    public static GraphForm Of(ArtifactManifest.VariantInfo variant) =>
        variant.Name != PortableVariant && variant.Opsets.ContainsKey(ContribDomain) ? Fused : Portable;

    /// <summary>What a graph carries from call to call.</summary>
    public abstract IReadOnlyList<StatePort> State(AsymDecConfig config);

    /// <summary>Where the network's state is in it.</summary>
    public abstract AsymDecState<StatePiece> Pieces(AsymDecConfig config);

    /// <summary>What it has beyond the network's state, layer by layer: nothing but zeros.</summary>
    public abstract IReadOnlyList<StatePiece> Zeros(AsymDecConfig config);

    /// <summary>The last two stream bytes as this form holds them.</summary>
    /// <param name="tail">The bytes, 0 where there is none yet.</param>
    /// <param name="streamBytes">Stream bytes so far.</param>
    public abstract double[] Tail(double[] tail, int streamBytes);

    /// <summary>The shape of the position of one sequence.</summary>
    public abstract int[] PositionShape { get; }

    private sealed class PortableForm : GraphForm
    {
        public override IReadOnlySet<string> ContribOperators { get; } = new HashSet<string>();

        public override int[] PositionShape => [];

        public override IReadOnlyList<StatePort> State(AsymDecConfig config)
        {
            var layout = AsymDecState.Layout(config);
            return [.. (layout.Select(tensor => Port(tensor, TensorType.Float32, TensorType.Float16)) with
            {
                Position = Port(layout.Position, TensorType.Int64),
                StreamTail = Port(layout.StreamTail, TensorType.UInt8),
                StreamStart = layout.StreamStart is { } start ? Port(start, TensorType.Int64) : null,
            }).Tensors];

            static StatePort Port(StateTensor tensor, params TensorType[] types) => new(tensor.Name, tensor.Axes, types, InPlace: false);
        }

        public override AsymDecState<StatePiece> Pieces(AsymDecConfig config) =>
            AsymDecState.Layout(config).Select(tensor => new StatePiece(tensor.Name, tensor.Name));

        public override IReadOnlyList<StatePiece> Zeros(AsymDecConfig config) => [];

        public override double[] Tail(double[] tail, int streamBytes) => tail;
    }

    /// <summary>
    /// Positions by row; codes 256 + byte in the tail; keys, values and S in place, S [.., k + 8] with z as its column k and seven
    /// columns of zeros.
    /// </summary>
    private sealed class FusedForm : GraphForm
    {
        private const int PresentByte = 256, ExtraColumns = 8;

        public override IReadOnlySet<string> ContribOperators { get; } = new HashSet<string>
        {
            "BiasGelu", "Gelu", "GroupQueryAttention", "LinearAttention", "MatMulIntegerToFloat", "MatMulNBits", "RotaryEmbedding",
            // Graphs that were exported earlier have it.
            "SkipLayerNormalization",
        };

        public override int[] PositionShape => [1];

        public override IReadOnlyList<StatePort> State(AsymDecConfig config)
        {
            var (h, k) = (config.Heads, config.HeadWidth);
            return
            [
                new("position", [AsymDecState.Batch], [TensorType.Int64], InPlace: false),
                new("stream_tail", [AsymDecState.Batch, 2], [TensorType.Int32], InPlace: false),
                .. config.StreamPositions == StreamPositions.Restarted
                    ? (StatePort[])[new("stream_start", [AsymDecState.Batch], [TensorType.Int64], InPlace: false)] : [],
                .. Enumerable.Range(0, config.DecLayers).SelectMany(i => (StatePort[])
                [
                    Cache($"self_blocks.{i}.k", h, AsymDecState.Past, k),
                    Cache($"self_blocks.{i}.v", h, AsymDecState.Past, k),
                    new($"mem_blocks.{i}.s", [AsymDecState.Batch, h, k, k + ExtraColumns], [TensorType.Float32], InPlace: true),
                ]),
            ];

            static StatePort Cache(string name, params Dimension[] axes) =>
                new(name, [AsymDecState.Batch, .. axes], [TensorType.Float32, TensorType.Float16, TensorType.Int8], InPlace: true);
        }

        public override AsymDecState<StatePiece> Pieces(AsymDecConfig config)
        {
            var k = config.HeadWidth;
            var whole = Portable.Pieces(config);
            return whole with
            {
                Layers = [.. whole.Layers.Select(layer => layer with
                {
                    Memory = new(layer.Memory.S with { Columns = ..k },
                        layer.Memory.Z with { Port = layer.Memory.S.Port, Columns = k..(k + 1) }),
                })],
            };
        }

        public override IReadOnlyList<StatePiece> Zeros(AsymDecConfig config)
        {
            var k = config.HeadWidth;
            return [.. Pieces(config).Layers.Select(layer =>
                new StatePiece($"{layer.Memory.S.Name}, zeros", layer.Memory.S.Port, (k + 1)..(k + ExtraColumns)))];
        }

        public override double[] Tail(double[] tail, int streamBytes) =>
            [.. tail.Select((value, i) => i >= tail.Length - streamBytes ? PresentByte + value : 0)];
    }
}
