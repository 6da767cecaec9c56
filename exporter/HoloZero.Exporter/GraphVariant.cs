using HoloZero.Artifacts;
using HoloZero.Exporter.Onnx;
using HoloZero.Models.Ops;

namespace HoloZero.Exporter;

/// <summary>One way to write the network down as a graph.</summary>
/// <param name="Name">What a caller selects it by.</param>
/// <param name="Precision">Element type of weights and arithmetic.</param>
/// <param name="Opset">Version of the standard operators.</param>
/// <param name="LogitsTolerance">Allowed distance of logits from float64, per unit of the largest logit.</param>
/// <param name="Interpreter">Makes the recording operations.</param>
internal sealed record GraphVariant(string Name, string Precision, int Opset, double LogitsTolerance,
    Func<GraphRecorder, Func<string, float[]>, ITensorOps<GraphValue>> Interpreter)
{
    /// <summary>
    /// Standard operators in float32. Its tolerance is an order above the 3e-5 by which PyTorch's own float32 differs from float64
    /// on the demo model, whose logits reach 30.
    /// </summary>
    public static GraphVariant Portable { get; } = new("portable", "float32", OnnxOps.Opset, 1e-5,
        (graph, data) => new OnnxOps(graph, data));

    /// <summary>Every variant.</summary>
    public static IReadOnlyList<GraphVariant> All { get; } = [Portable];

    /// <summary>The variant of that name.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static GraphVariant Named(string name) => All.FirstOrDefault(variant => variant.Name == name)
        ?? throw new BadInputException("variant", $"{Untrusted.Quote(name)} is unknown",
            $"choose from {string.Join(", ", All.Select(v => v.Name))}");
}
