using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Onnx;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>
/// What goes in and what comes out: the graph against the manifest, and the manifest against the architecture. Bytes and state are
/// the only inputs, so no host has to compute features.
/// </summary>
internal static class SignatureCheck
{
    public static CheckResult Run(GraphFile graph, AsymDecConfig config)
    {
        var misses = new List<Miss>();
        var signature = graph.Variant.Signature;
        Compare("input", graph.Model.Graph.Input,
            [signature.Prefix, signature.Stream, .. signature.State.Select(state => state.Past)], misses);
        Compare("output", graph.Model.Graph.Output, [signature.Logits, .. signature.State.Select(state => state.Present)], misses);

        Promise(signature.Prefix, [TensorType.UInt8], [AsymDecState.Batch, "any"], misses);
        Promise(signature.Stream, [TensorType.UInt8], [AsymDecState.Batch, "any"], misses);
        Promise(signature.Logits, [TensorType.Float32], [AsymDecState.Batch, "any", AsymDecConfig.Vocabulary], misses);
        var layout = graph.Form.State(config);
        var promised = signature.State.Select(state => state.Past.Name).ToArray();
        var expected = layout.Select(port => $"past.{port.Name}").ToArray();
        foreach (var name in expected.Union(promised))
        {
            var (there, wanted) = (promised.Count(known => known == name), expected.Contains(name) ? 1 : 0);
            if (there != wanted) misses.Add(new($"holozero.json: state {Untrusted.Quote(name)}", $"{there} times", $"{wanted} times"));
        }

        foreach (var (port, state) in layout.Join(signature.State, port => $"past.{port.Name}", state => state.Past.Name,
            (p, s) => (p, s)))
        {
            Promise(state.Past, port.Types, port.Axes, misses);
            Promise(state.Present, port.Types, port.Axes, misses);
            if (state.Present.Type != state.Past.Type)
            {
                misses.Add(new($"holozero.json: {Untrusted.Quote(state.Present.Name)}", state.Present.Type,
                    $"{state.Past.Type}, to go in again"));
            }

            if (state.InPlace != port.InPlace)
            {
                misses.Add(new($"holozero.json: {Untrusted.Quote(state.Past.Name)}.in_place", $"{state.InPlace}".ToLowerInvariant(),
                    $"{port.InPlace}".ToLowerInvariant()));
            }
        }

        return new(CheckNames.Signature, $"{expected.Length} state tensors", misses, new Dictionary<string, double>())
        { Scope = graph.Variant.Name };
    }

    /// <summary>The graph against the manifest: same names, types, shapes, and no more.</summary>
    private static void Compare(string direction, IEnumerable<ValueInfoProto> actual, IReadOnlyList<ArtifactManifest.PortInfo> expected,
        List<Miss> misses)
    {
        var ports = actual.ToLookup(port => port.Name, StringComparer.Ordinal);
        foreach (var port in expected)
        {
            var found = string.Join(" and ", ports[port.Name].Select(Words).DefaultIfEmpty("missing"));
            var wanted = $"{port.Type} [{string.Join(", ", port.Shape)}]";
            if (found != wanted) misses.Add(new($"{direction} {Untrusted.Quote(port.Name)}", found, wanted));
        }

        foreach (var extra in ports.Where(group => expected.All(port => port.Name != group.Key)))
            misses.Add(new($"{direction} {Untrusted.Quote(extra.Key)}", Words(extra.First()), "nothing of that name"));
    }

    /// <summary>The manifest against the architecture; a symbolic axis other than the batch may have any name.</summary>
    private static void Promise(ArtifactManifest.PortInfo port, TensorType[] types, IReadOnlyList<Dimension> axes, List<Miss> misses)
    {
        var names = types.Select(type => type.Name()).ToArray();
        var fits = names.Contains(port.Type) && port.Shape.Count == axes.Count && axes.Zip(port.Shape)
            .All(pair => pair.First.Length == pair.Second.Length
                && (pair.First.Name == AsymDecState.Batch) == (pair.Second.Name == AsymDecState.Batch));
        if (!fits)
        {
            misses.Add(new($"holozero.json: {Untrusted.Quote(port.Name)}", $"{port.Type} [{string.Join(", ", port.Shape)}]",
                $"{string.Join(" or ", names)} [{string.Join(", ", axes)}]"));
        }
    }

    private static string Words(ValueInfoProto port)
    {
        var type = port.Type?.TensorType;
        var name = type is null ? "untyped" : ElementTypes.NameOf(type.ElemType);
        return $"{name} ["
            + $"{string.Join(", ", type?.Shape?.Dim.Select(axis => axis.HasDimValue ? $"{axis.DimValue}" : axis.DimParam) ?? [])}]";
    }
}
