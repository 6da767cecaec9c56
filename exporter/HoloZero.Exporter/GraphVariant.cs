using HoloZero.Artifacts;
using HoloZero.Exporter.Fused;
using HoloZero.Exporter.Quantization;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter;

/// <summary>One way to write the network down as a graph.</summary>
/// <param name="Name">What a caller selects it by.</param>
/// <param name="Precision">Element type of the weights, and of the activations where that is another and these are not rounded.</param>
/// <param name="Opsets">Version by operator domain.</param>
/// <param name="LogitsTolerance">Allowed distance of logits from float64, per unit of the largest logit.</param>
/// <param name="Interpreter">
/// Makes the recording operations from parameters by name and, where <see cref="NeedsRanges"/>, what goes into each Linear by module.
/// </param>
internal sealed record GraphVariant(string Name, string Precision, IReadOnlyDictionary<string, int> Opsets, double LogitsTolerance,
    Func<GraphRecorder, Func<string, float[]>, Func<string, ActivationRange>, ITensorOps<GraphValue>> Interpreter)
{
    private static readonly SortedDictionary<string, int> FusedOpsets =
        new(StringComparer.Ordinal) { [""] = FusedOnnxOps.Opset, [OnnxOperator.ContribDomain] = 1 };

    /// <summary>
    /// Standard operators in float32. Its tolerance is an order above the 3e-5 by which PyTorch's own float32 differs from float64
    /// on the demo model, whose logits reach 30.
    /// </summary>
    public static GraphVariant Portable { get; } = new("portable", "float32",
        new SortedDictionary<string, int>(StringComparer.Ordinal) { [""] = OnnxOps.Opset }, 1e-5,
        (graph, data, _) => new OnnxOps(graph, data))
    {
        Providers = ["cpu", "cuda", "tensorrt"],
    };

    /// <summary>ONNX Runtime's fused operators in float32.</summary>
    public static GraphVariant Float32 { get; } =
        Fused("fp32", "float32", 1e-5, new(LinearFormat.Float32, LinearFormat.Float32), isExact: true);

    /// <summary>
    /// For CUDA, whose attention takes float16 alone: weights, activations, keys and values in float16, S, z and the head in float32, and
    /// no operator that CUDA lacks. On the processor logits are off by 8.9e-4 of the largest on tiny, by 7.2e-4 on the demo model.
    /// </summary>
    public static GraphVariant Cuda { get; } = OnCuda("cuda", "float16", 2e-3, LinearFormat.Float16, 0.001);

    /// <summary>The same with weights in blocks of 8 bits, but for the head's: logits off by 0.008 on tiny, by 0.006 on the demo.</summary>
    public static GraphVariant CudaInt8 { get; } =
        OnCuda("cuda-int8", "int8-float16", 0.02, LinearFormat.InBlocks(8, 128, halfScales: true), 0.005);

    /// <summary>The same in 4 bits: logits off by 0.15 and 0.11.</summary>
    public static GraphVariant CudaInt4 { get; } =
        OnCuda("cuda-int4", "int4-float16", 0.2, LinearFormat.InBlocks(4, 128, halfScales: true), 0.02);

    /// <summary>
    /// Activations in 8 bits, weights in 7, and products in whole numbers: logits off by 0.052 of the largest on the demo model, by 0.029
    /// on tiny. Scales: docs/decisions/0007-quantized-weights.md.
    /// </summary>
    public static GraphVariant Int8 { get; } = InBits("int8", 0.07, new(LinearFormat.Int8, LinearFormat.Int8), 0.005, isExact: true);

    /// <summary>Weights in blocks of 4 bits, those of the head in 8: logits off by 0.12 and 0.16.</summary>
    public static GraphVariant Int4 { get; } = InBits("int4", 0.2, new(LinearFormat.InBlocks(4, 128), LinearFormat.InBlocks(8, 128)), 0.02);

    /// <summary>Every variant.</summary>
    public static IReadOnlyList<GraphVariant> All { get; } = [Float32, Portable, Cuda, CudaInt8, CudaInt4, Int8, Int4];

    /// <summary>What the state consists of.</summary>
    public Func<AsymDecConfig, AsymDecState<GraphState?>> State { get; init; } = GraphState.Portable;

    /// <summary>What runs the graph whole, in the manifest's words.</summary>
    public IReadOnlyList<string> Providers { get; init; } = ["cpu"];

    /// <summary>How many more bits/byte than fp32 it may take on held-out text, as a fraction; null where nothing is rounded.</summary>
    public double? MaxQualityLoss { get; init; }

    /// <summary>The same with keys and values in 8 bits; null where they are not rounded.</summary>
    public GraphVariant? WithInt8Cache { get; init; }

    /// <summary>Whether anything is rounded with fixed scales, which somebody has to measure before.</summary>
    public bool NeedsRanges { get; init; }

    /// <summary>Bits of the codes of weights where products are sums of whole numbers; null elsewhere.</summary>
    public int? WeightBits { get; init; }

    /// <summary>Whether a row's logits depend on its own sequence alone: not on its neighbours in a call, nor on threads.</summary>
    public bool IsExact { get; init; }

    /// <summary>
    /// Makes the operations of a graph that computes so many steps at once, bit for bit; null where nothing could do that.
    /// </summary>
    public Func<GraphRecorder, Func<string, float[]>, Func<string, ActivationRange>, int, ITensorOps<GraphValue>>? Checker { get; init; }

    /// <summary>Positions that a sequence may have at most; null is no limit.</summary>
    public int? MaxPositions { get; init; }

    /// <summary>The operators take heads whose width is a multiple of this.</summary>
    public int HeadMultiple { get; init; } = 1;

    /// <summary>Refuses a network that the variant's operators cannot compute.</summary>
    /// <exception cref="BadInputException">Its heads do not fit.</exception>
    public void RequireFits(AsymDecConfig config)
    {
        if (config.HeadWidth % HeadMultiple == 0) return;
        throw new BadInputException("variant",
            $"{Name} takes heads of a multiple of {HeadMultiple}, and {config.Dim} / {config.Heads} is {config.HeadWidth}",
            $"export the variant {Portable.Name}, which takes any");
    }

    /// <summary>The variant of that name.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static GraphVariant Named(string name) => All.FirstOrDefault(variant => variant.Name == name)
        ?? throw new BadInputException("variant", $"{Untrusted.Quote(name)} is unknown",
            $"choose from {string.Join(", ", All.Select(v => v.Name))}");

    private static GraphVariant InBits(string name, double tolerance, LinearFormats formats, double maxQualityLoss, bool isExact = false) =>
        Fused(name, name, tolerance, formats, maxQualityLoss, isExact) with
        {
            WithInt8Cache = Fused(name, name, tolerance, formats with { Cache = DataType.Int8 }, maxQualityLoss, isExact),
        };

    /// <summary>A variant for CUDA, with a head of float32.</summary>
    private static GraphVariant OnCuda(string name, string precision, double tolerance, LinearFormat blocks, double maxQualityLoss)
    {
        var formats = new LinearFormats(blocks, LinearFormat.Float32) { Cache = DataType.Float16 };
        return Fused(name, precision, tolerance, formats, maxQualityLoss) with
        {
            Interpreter = (graph, data, ranges) => new CudaOnnxOps(graph, data, formats, ranges),
            Providers = ["cuda"],
        };
    }

    private static GraphVariant Fused(string name, string precision, double tolerance, LinearFormats formats,
        double? maxQualityLoss = null, bool isExact = false) =>
        new(name, precision, FusedOpsets, tolerance, (graph, data, ranges) => new FusedOnnxOps(graph, data, formats, ranges))
        {
            State = config => FusedState.Layout(config, formats.Cache),
            MaxPositions = FusedState.MaxPositions,
            MaxQualityLoss = maxQualityLoss,
            HeadMultiple = FusedOnnxOps.HeadMultiple,
            NeedsRanges = formats.NeedsRanges,
            IsExact = isExact,
            WeightBits = formats.HasFixedScales ? ColumnQuantizer.Bits : null,
            Checker = isExact ? (graph, data, ranges, rows) => new CheckOnnxOps(graph, data, formats, ranges, rows) : null,
        };
}
