using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests.Providers;

/// <summary>Which provider runs which graph, with providers that load or fail as the test says.</summary>
public sealed class ProviderSelectionTests : IDisposable
{
    private const string NoCublas = "Failed to load library /a/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: "
        + "cannot open shared object file: No such file or directory";

    private const string NoTensorRt = "libnvinfer.so.10: cannot open shared object file: No such file or directory";

    private readonly ExportedModel _model = new(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32", "portable"] });

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_processor_runs_what_it_is_meant_for_first()
    {
        Assert.Equal("fp32", Select(new(), works: _ => null).Taken.Variant!.Name);
        Assert.Equal("portable", Select(new() { Variant = "portable" }, works: _ => null).Taken.Variant!.Name);
    }

    [Fact]
    public void Auto_takes_the_best_that_loads_with_the_graph_that_is_meant_for_it()
    {
        var cuda = Select(new() { Provider = ExecutionProvider.Auto }, works: _ => null);
        Assert.Equal((ExecutionProvider.Cuda, "portable"), (cuda.Taken.Provider, cuda.Taken.Variant!.Name));
        Assert.Empty(cuda.NotTaken);

        var tensorRt = Select(new() { Provider = ExecutionProvider.Auto },
            works: provider => provider == ExecutionProvider.Cuda ? NoCublas : null);
        Assert.Equal(ExecutionProvider.TensorRt, tensorRt.Taken.Provider);

        var processor = Select(new() { Provider = ExecutionProvider.Auto },
            works: provider => provider == ExecutionProvider.Cuda ? NoCublas : provider == ExecutionProvider.TensorRt ? NoTensorRt : null);
        Assert.Equal((ExecutionProvider.Cpu, "fp32"), (processor.Taken.Provider, processor.Taken.Variant!.Name));
        Assert.Equal(
        [
            new(ExecutionProvider.Cuda, "execution provider Cuda cannot run this model here (libcublasLt.so.13 is not on this machine); "
                + "install the libraries of CUDA 13, or choose another provider"),
            new(ExecutionProvider.TensorRt, "execution provider TensorRt cannot run this model here (libnvinfer.so.10 is not on this "
                + "machine); install TensorRT 10 for CUDA 13, or choose another provider"),
        ], processor.NotTaken);
    }

    [Fact]
    public void A_graph_that_a_device_does_not_take_whole_is_told_and_never_run_elsewhere_unasked()
    {
        ModelOptions named = new() { Provider = ExecutionProvider.Cuda };
        var error = Assert.Throws<MissingCapabilityException>(() => Select(named, works: _ => null, takes: IsProcessor));
        Assert.Contains("Cuda cannot run this model here (model.onnx: nodes are left over; export the model again)", error.Message);

        var automatic = Select(named with { Provider = ExecutionProvider.Auto }, works: _ => null, takes: IsProcessor);
        Assert.Equal(ExecutionProvider.Cpu, automatic.Taken.Provider);
        Assert.Equal([ExecutionProvider.Cuda, ExecutionProvider.TensorRt], automatic.NotTaken.Select(refusal => refusal.Provider));

        // What no provider takes is no fault of the machine's.
        var unsound = Assert.Throws<BadInputException>(() => Select(new(), works: _ => null, takes: _ => false));
        Assert.Equal("model.onnx", unsound.Where);

        static bool IsProcessor(ExecutionProvider provider) => provider == ExecutionProvider.Cpu;
    }

    [Fact]
    public void A_graph_that_a_provider_is_not_meant_for_is_refused_before_it_is_loaded()
    {
        var error = Assert.Throws<BadInputException>(() =>
            Select(new() { Provider = ExecutionProvider.Cuda, Variant = "fp32" }, works: _ => null));
        Assert.Equal("provider: variant fp32 is not meant for Cuda; choose the variant portable", error.Message);

        var path = Path.Combine(_model.Folder, ArtifactManifest.FileName);
        var manifest = ArtifactManifest.Read(path);
        File.WriteAllText(path, (manifest with { Variants = [manifest.Variants[0]] }).ToJson());
        error = Assert.Throws<BadInputException>(() => Select(new() { Provider = ExecutionProvider.TensorRt }, works: _ => null));
        Assert.Equal("provider: none of the artifact's variants is meant for TensorRt; export the variant portable", error.Message);
    }

    [Fact]
    public void What_is_made_for_a_device_alone_goes_before_what_any_runtime_takes()
    {
        using var model = new ExportedModel(Repository.Golden("tiny.pt"),
            options: new() { Variants = ["portable", "cuda-int8", "cuda"] });
        var artifact = ArtifactFolder.Open(model.Folder, verifyHashes: false);
        string? Taken(ExecutionProvider provider) => ProviderChoice.Candidates(artifact, provider, null)[0].Variant?.Name;
        // Of several for it the exporter's choice comes first.
        Assert.Equal("cuda-int8", Taken(ExecutionProvider.Cuda));
        Assert.Equal("portable", Taken(ExecutionProvider.TensorRt));
        Assert.Equal("portable", Taken(ExecutionProvider.Cpu));
    }

    [Fact]
    public void An_artifact_of_an_earlier_release_is_meant_for_the_processor()
    {
        var path = Path.Combine(_model.Folder, ArtifactManifest.FileName);
        var lines = File.ReadAllText(path);
        var before = System.Text.RegularExpressions.Regex.Replace(lines, "\"providers\": \\[[^\\]]*\\],", "");
        Assert.NotEqual(lines, before);
        File.WriteAllText(path, before);
        Assert.All(ArtifactManifest.Read(path).Variants, variant => Assert.Equal(["cpu"], variant.Providers));
    }

    [Fact]
    public void A_damaged_file_is_an_error_whoever_was_to_run_it()
    {
        var file = Path.Combine(_model.Folder, "model.portable.onnx");
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        var artifact = ArtifactFolder.Open(_model.Folder, verifyHashes: false);
        ModelOptions options = new() { Provider = ExecutionProvider.Auto };
        var loader = new ModelLoader(artifact, options, null, CancellationToken.None);
        var error = Assert.Throws<BadInputException>(() => ProviderSelection.Load(artifact, options, 1, loader.Load, (_, _) => null).Graph);
        Assert.Contains("model.portable.onnx", error.Message);
    }

    [Theory]
    [InlineData("fp32", 64, 4)]
    [InlineData("fp32", 3, 3)]
    [InlineData("portable", 64, 64)]
    public void An_exact_variant_takes_no_more_threads_than_it_has_heads(string variant, int cores, int expected)
    {
        using var exported = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32", "portable"] });
        var artifact = ArtifactFolder.Open(exported.Folder, verifyHashes: false);
        ModelOptions options = new() { Variant = variant };
        var loader = new ModelLoader(artifact, options, null, CancellationToken.None);
        using var graph = ProviderSelection.Load(artifact, options, cores, loader.Load, loader.Append).Graph;
        Assert.Equal(expected, graph.Threads);
    }

    private SelectedGraph Select(ModelOptions options, Func<ExecutionProvider, string?> works, Func<ExecutionProvider, bool>? takes = null)
    {
        var artifact = ArtifactFolder.Open(_model.Folder, verifyHashes: false);
        // The processor runs all of it in the device's place.
        var loader = new ModelLoader(artifact, options with { AllowCpuNodes = true }, null, CancellationToken.None);
        using var plain = OnnxEnvironment.NewSessionOptions();
        var selected = ProviderSelection.Load(artifact, options, 1, (candidate, _) => takes?.Invoke(candidate.Provider) == false
            ? throw new GraphRefusedException(new("model.onnx", "nodes are left over", "export the model again"))
            : loader.Load(candidate, plain), (candidate, _) => works(candidate.Provider));
        selected.Graph.Dispose();
        return selected;
    }
}
