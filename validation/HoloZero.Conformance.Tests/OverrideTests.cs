using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Reference;
using HoloZero.Testing;
using HoloZero.TorchSharp;

namespace HoloZero.Conformance;

/// <summary>
/// What an interpreter means to override, it overrides: a default of the interface would take the place of a mistyped one.
/// </summary>
public class OverrideTests
{
    public static TheoryData<string> Interpreters { get; } =
        [.. Implementations().Select(type => type.FullName!).Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_interpreter_is_looked_at() => Assert.Superset(
        new HashSet<string> { nameof(ShapeOps), nameof(ReferenceOps), nameof(OnnxOps), "FusedOnnxOps", nameof(TorchSharpOps) },
        Implementations().Select(type => type.Name).ToHashSet());

    [Theory]
    [MemberData(nameof(Interpreters))]
    public void Every_public_method_of_an_interpreter_is_the_interfaces(string interpreter) =>
        Assert.Empty(InterfaceMembers.Strays(Implementations().Single(type => type.FullName == interpreter), typeof(ITensorOps<>)));

    [Theory]
    [InlineData(typeof(Sound), "")]
    [InlineData(typeof(MistypedName), "Gelo")]
    [InlineData(typeof(MistypedSignature), "Gelu")]
    [InlineData(typeof(NotListedAgain), "Gelu")]
    public void A_method_that_overrides_nothing_is_named(Type interpreter, string method)
    {
        var strays = InterfaceMembers.Strays(interpreter, typeof(ITensorOps<>));

        if (method.Length == 0) Assert.Empty(strays);
        else Assert.Contains($" {method}(", Assert.Single(strays));
    }

    private static IReadOnlyList<Type> Implementations() =>
        [.. ((Type[])[typeof(ShapeOps), typeof(ReferenceOps), typeof(OnnxOps), typeof(TorchSharpOps)])
            .SelectMany(type => InterfaceMembers.Implementations(type.Assembly, typeof(ITensorOps<>)))];

    private class Sound() : OnnxOps(new GraphRecorder(), _ => []), ITensorOps<GraphValue>
    {
        public override GraphValue Skip(GraphValue x, int axis, GraphValue count) => x;

        public GraphValue Gelu(GraphValue x) => x;

        public override string ToString() => "sound";
    }

    private sealed class MistypedName() : OnnxOps(new GraphRecorder(), _ => []), ITensorOps<GraphValue>
    {
        public GraphValue Gelo(GraphValue x) => x;
    }

    private sealed class MistypedSignature() : OnnxOps(new GraphRecorder(), _ => []), ITensorOps<GraphValue>
    {
        public GraphValue Phi(GraphValue x) => x;

        public GraphValue Gelu(GraphValue x, int width) => x;
    }

    private sealed class NotListedAgain() : OnnxOps(new GraphRecorder(), _ => [])
    {
        public GraphValue Gelu(GraphValue x) => x;
    }
}
