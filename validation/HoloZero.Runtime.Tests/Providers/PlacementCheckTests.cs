using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests.Providers;

/// <summary>Which nodes may run on the processor beside a device. What CUDA's provider leaves there was read off it, without a card.
/// </summary>
public sealed class PlacementCheckTests : IDisposable
{
    private static readonly string[] LeftByCuda =
        ["door/Squeeze", "positions/Squeeze", "positions/Add", "positions/Cast", "positions/ReduceMax", "positions/Sub", "norm/Unsqueeze"];

    private static readonly string[] LeftByCudaOfPortable =
        ["door.prefix/Squeeze", "door.prefix/Add.2", "door.stream/Squeeze", "door.stream/Add.2", "door/Squeeze", "positions/Squeeze",
            "positions/Add", "positions/Add.2", "norm/Unsqueeze"];

    private readonly ExportedModel _model = new(Repository.Golden("tiny.pt"),
        options: new() { Variants = ["cuda", "cuda-int8", "cuda-int4", "portable"] });

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_manifest_names_what_computes_of_lengths_alone()
    {
        foreach (var variant in (string[])["cuda", "cuda-int8", "cuda-int4"])
            Assert.Equal(LeftByCuda.Order(), Variant(variant).HostNodes.Order());
        // A sum with 0, which ONNX Runtime leaves out.
        Assert.Equal(LeftByCudaOfPortable.Append("positions/Add.3").Order(), Variant("portable").HostNodes.Order());
    }

    [Fact]
    public void Nodes_that_belong_there_may_run_on_the_processor_and_no_others()
    {
        PlacedNode[] expected =
            [.. LeftByCuda.Select(name => Node(name, "CPUExecutionProvider")), Node("head/MatMul", "CUDAExecutionProvider")];
        PlacementCheck.Require(expected, Variant("cuda"), "model.onnx");

        var error = Assert.Throws<GraphRefusedException>(() => PlacementCheck.Require(
            [.. expected, Node("self_blocks.1.attention/GroupQueryAttention", "CPUExecutionProvider")], Variant("cuda"), "model.onnx"));
        Assert.Contains("node 'self_blocks.1.attention/GroupQueryAttention' (Op) would run on the processor", error.Message);
        Assert.Equal("allow nodes on the processor", error.Remedy);
    }

    /// <summary>The processor stands for a device that leaves everything to the processor.</summary>
    [Fact]
    public void A_graph_that_a_device_leaves_to_the_processor_is_refused_when_it_is_loaded()
    {
        var artifact = ArtifactFolder.Open(_model.Folder, verifyHashes: false);
        SelectedGraph Select(ModelOptions options) => ProviderSelection.Load(artifact, options, 1,
            new ModelLoader(artifact, options, null, TestContext.Current.CancellationToken).Load, (_, _) => null);

        // The tensors of a device are not to be had here: the graph that needs none of its memory is taken.
        ModelOptions tensorRt = new() { Provider = ExecutionProvider.TensorRt };
        var error = Assert.Throws<MissingCapabilityException>(() => Select(tensorRt));
        Assert.Contains("would run on the processor", error.Message);
        Assert.EndsWith("; allow nodes on the processor, or choose another provider", error.Message, StringComparison.Ordinal);

        using var allowed = Select(tensorRt with { AllowCpuNodes = true }).Graph;
        Assert.Equal(ExecutionProvider.Cpu, Select(new()).Taken.Provider);
    }

    private ArtifactManifest.VariantInfo Variant(string name) =>
        ArtifactFolder.Open(_model.Folder, verifyHashes: false).Variant(name);

    private static PlacedNode Node(string name, string provider) => new(name, "Op", provider);
}
