using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests.Providers;

/// <summary>What providers are told, where engines are kept, and what is said of libraries that are missing.</summary>
public sealed class ProviderSettingsTests
{
    [Fact]
    public void Cuda_computes_float32_whole_within_the_memory_that_it_is_given()
    {
        var settings = ProviderSettings.Cuda(new() { DeviceId = 2, DeviceMemoryBytes = 5_000_000_000 });
        Assert.Equal(["arena_extend_strategy=kSameAsRequested", "device_id=2", "gpu_mem_limit=5000000000", "use_tf32=0"], Lines(settings));
        Assert.DoesNotContain("gpu_mem_limit", ProviderSettings.Cuda(new()).Keys);
    }

    [Fact]
    public void What_the_caller_says_goes_first() => Assert.Equal("1", ProviderSettings.Cuda(new()
    {
        ProviderOptions = new Dictionary<string, string> { ["use_tf32"] = "1" },
    })["use_tf32"]);

    [Fact]
    public void Engines_are_built_for_a_prefill_and_a_step()
    {
        using var model = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { Variants = ["portable"] });
        var manifest = ArtifactManifest.Read(Path.Combine(model.Folder, ArtifactManifest.FileName));
        var (signature, k) = (manifest.Variants[0].Signature, manifest.Model.SlotBytes);
        var window = new ContextWindowOptions { StreamBytes = 100, MaxPrefixSlots = 20 };
        var settings = ProviderSettings.TensorRt(new(), signature, k, window, cache: "engines");

        var (min, usual, max) = (Shapes("min"), Shapes("opt"), Shapes("max"));
        Assert.Equal(["1x0", "1x0"], min["prefix"]);
        Assert.Equal([$"1x{20 * k}", "1x0"], max["prefix"]);
        Assert.Equal([["1x1", "1x1"], ["1x50", "1x1"], ["1x100", "1x1"]], new[] { min["stream"], usual["stream"], max["stream"] });
        Assert.Equal(2 + signature.State.Count, min.Count);
        // Keys [B, H, P, k] of the first layer: none before a prefill, and up to all but the last position before a step.
        var keys = signature.State.First(state => state.Past.Shape.Count == 4 && state.Past.Shape.Count(axis => axis.Length is null) == 2);
        string Row(int positions) => string.Join('x', keys.Past.Shape.Select((axis, i) => axis.Length ?? (i == 0 ? 1 : positions)));
        Assert.Equal([Row(0), Row(1)], min[keys.Past.Name]);
        Assert.Equal([Row(119), Row(119)], max[keys.Past.Name]);
        Assert.Equal(("1", "engines", "1", "engines"), (settings["trt_engine_cache_enable"], settings["trt_engine_cache_path"],
            settings["trt_timing_cache_enable"], settings["trt_timing_cache_path"]));
        Assert.DoesNotContain("trt_engine_cache_enable", ProviderSettings.TensorRt(new(), signature, k, window, cache: null).Keys);

        Dictionary<string, string[]> Shapes(string which) => settings[$"trt_profile_{which}_shapes"].Split(',')
            .Select(entry => entry.Split(':')).GroupBy(entry => entry[0], entry => entry[1])
            .ToDictionary(entry => entry.Key, entry => entry.ToArray());
    }

    [Fact]
    public void An_engine_is_taken_for_nothing_but_what_it_was_built_for()
    {
        var settings = new Dictionary<string, string> { ["trt_profile_max_shapes"] = "stream:1x100", ["trt_engine_cache_path"] = "a" };
        string Key(string hash = "h", string device = "H200", string version = "1.31", Dictionary<string, string>? told = null) =>
            EngineCache.Key([hash, "weights"], device, version, told ?? settings);
        var key = Key();
        Assert.Equal(key, Key(told: new(settings) { ["trt_engine_cache_path"] = "b" }));
        string[] others = [Key("g"), Key(device: "H100"), Key(version: "1.32"), Key(told: new(settings) { ["trt_fp16_enable"] = "1" }),
            Key(told: new(settings) { ["trt_profile_max_shapes"] = "stream:1x101" })];
        Assert.Equal(6, others.Append(key).Distinct().Count());
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_refused()
    {
        using var temporary = new TemporaryFolder();
        File.WriteAllText(temporary["file"], "");
        var error = Assert.Throws<BadInputException>(() => EngineCache.Make(temporary["file"], "key"));
        Assert.Contains("engine cache: ", error.Message);
        Assert.Contains("name another folder", error.Message);
        Assert.True(Directory.Exists(EngineCache.Make(temporary["engines"], "key")));
    }

    [Theory]
    [InlineData("libcublasLt.so.13", "install the libraries of CUDA 13")]
    [InlineData("libcudart.so.13", "install the libraries of CUDA 13")]
    [InlineData("libcudnn.so.9", "install cuDNN 9 for CUDA 13")]
    [InlineData("libnvinfer.so.10", "install TensorRT 10 for CUDA 13")]
    [InlineData("libcuda.so.1", "install NVIDIA's driver")]
    [InlineData("libonnxruntime_providers_shared.so", "add the package Microsoft.ML.OnnxRuntime.Gpu to the application")]
    [InlineData("libstrange.so.1", "install what has it")]
    public void A_missing_library_is_named_with_what_has_it(string library, string remedy)
    {
        var failure = $"Failed to load library /x/y.so with error: {library}: cannot open shared object file: No such file or directory";
        Assert.Equal($"{library} is not on this machine", ProviderLibraries.Describe(failure));
        Assert.Equal(remedy, ProviderLibraries.Remedy(failure));
    }

    [Fact]
    public void Other_failures_are_told_as_they_are()
    {
        const string failure = "CUDA failure 100: no CUDA-capable device is detected";
        Assert.Equal(failure, ProviderLibraries.Describe(failure));
        Assert.Contains("driver", ProviderLibraries.Remedy(failure));
        Assert.Equal("allow nodes on the processor", ProviderLibraries.Remedy("This session contains graph nodes that are assigned to the "
            + "default CPU EP, but fallback to CPU EP has been explicitly disabled by the user."));
    }

    [Fact]
    public void Every_node_of_a_graph_is_counted_where_it_ran()
    {
        using var model = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32", "portable"] });
        var (provider, nodes) = Assert.Single(NodePlacement.Count(model.Folder, new()));
        Assert.Equal("CPUExecutionProvider", provider);
        // The same network in standard operators takes many more.
        var portable = Assert.Single(NodePlacement.Count(model.Folder, new() { Variant = "portable" })).Value;
        Assert.InRange(nodes, 20, portable / 2);
    }

    private static string[] Lines(Dictionary<string, string> settings) =>
        [.. settings.Select(setting => $"{setting.Key}={setting.Value}").Order(StringComparer.Ordinal)];
}
