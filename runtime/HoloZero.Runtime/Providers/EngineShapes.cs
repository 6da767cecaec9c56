using System.Globalization;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// The shapes that a TensorRT engine is built for: for every input two ranges, of a prefill and of a step, as <c>name:1x2x3</c> after each
/// other. An engine refuses what is outside, and is built anew where it is given others.
/// </summary>
internal sealed class EngineShapes
{
    /// <param name="signature">Inputs of the graph.</param>
    /// <param name="slotBytes">K, bytes in a prefix slot.</param>
    /// <param name="window">The longest sequence.</param>
    public EngineShapes(ArtifactManifest.SignatureInfo signature, int slotBytes, ContextWindowOptions window)
    {
        var (slots, stream) = (window.MaxPrefixSlots, window.StreamBytes);
        var positions = slots + stream;
        Shapes prefill = new(new(0, slots * slotBytes / 2, slots * slotBytes), new(1, Math.Max(1, stream / 2), stream),
            new(0, 0, positions - 1));
        Shapes step = new(new(0, 0, 0), new(1, 1, 1), new(1, Math.Max(1, positions / 2), positions - 1));
        (Min, Usual, Max) = (Text(range => range.Min), Text(range => range.Usual), Text(range => range.Max));

        string Text(Func<Lengths, int> take) => string.Join(',', Inputs().SelectMany(input => (string[])
            [Shape(input.Port, input.Length(prefill), take), Shape(input.Port, input.Length(step), take)]));

        IEnumerable<(ArtifactManifest.PortInfo Port, Func<Shapes, Lengths> Length)> Inputs()
        {
            yield return (signature.Prefix, shapes => shapes.Prefix);
            yield return (signature.Stream, shapes => shapes.Stream);
            foreach (var state in signature.State) yield return (state.Past, shapes => shapes.Past);
        }
    }

    /// <summary>The smallest.</summary>
    public string Min { get; }

    /// <summary>Those to be fast at.</summary>
    public string Usual { get; }

    /// <summary>The largest.</summary>
    public string Max { get; }

    private static string Shape(ArtifactManifest.PortInfo port, Lengths lengths, Func<Lengths, int> take)
    {
        var axes = port.Shape.Select(axis => axis.Length ?? (axis.Name == ArtifactManifest.BatchAxis ? 1 : take(lengths)));
        return $"{port.Name}:{string.Join('x', axes.Select(axis => axis.ToString(CultureInfo.InvariantCulture)))}";
    }

    private readonly record struct Lengths(int Min, int Usual, int Max);

    private readonly record struct Shapes(Lengths Prefix, Lengths Stream, Lengths Past);
}
