using HoloZero.Artifacts;
using HoloZero.Runtime;
using HoloZero.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace HoloZero.Hosting.Tests;

/// <summary>Options from configuration and code, and what is refused before anything loads.</summary>
public sealed class OptionsTests
{
    [Theory]
    [InlineData("Varient", "fp32", "HoloZero:demo:Varient: is no option of a model; remove it; there are AllowCpuNodes, ")]
    [InlineData("Window:MaxPositions", "3", "HoloZero:demo:Window: is no option of a model")]
    [InlineData("Model", " ", "HoloZero:demo:Model: is not given; name a folder")]
    [InlineData("MaxRows", "0", "HoloZero:demo:MaxRows: is 0, allowed are 1 to ")]
    [InlineData("MaxRows", "many", "HoloZero:demo:MaxRows: 'many' is not of type Int32; correct it")]
    [InlineData("MaxRows", "", "HoloZero:demo:MaxRows: '' is not of type Int32")]
    [InlineData("MaxRows:Most", "3", "HoloZero:demo:MaxRows: is a section; give it one value of type Int32")]
    [InlineData("maxqueued", "-1", "HoloZero:demo:MaxQueued: is -1, allowed are 0 to ")]
    [InlineData("StreamBytes", "0", "HoloZero:demo:StreamBytes: is 0, allowed are 1 to ")]
    [InlineData("KeptStreamBytes", "0", "HoloZero:demo:KeptStreamBytes: is 0, allowed are 1 to ")]
    [InlineData("SpinMicroseconds", "-1", "HoloZero:demo:SpinMicroseconds: -1 is not within 0 to ")]
    [InlineData("MaxPrefixSlots", "-1", "HoloZero:demo:MaxPrefixSlots: is -1, ")]
    [InlineData("PrefillRows", "7", "HoloZero:demo:PrefillRows: is 7, ")]
    [InlineData("PrefixCacheBytes", "-1", "HoloZero:demo:PrefixCacheBytes: is -1, ")]
    [InlineData("MaxUnreadBytes", "0", "HoloZero:demo:MaxUnreadBytes: is 0, ")]
    [InlineData("Threads", "0", "HoloZero:demo:Threads: 0 is not within 1 to 1,024")]
    [InlineData("DeviceMemoryBytes", "5", "HoloZero:demo:DeviceMemoryBytes: 5 bytes hold no model")]
    [InlineData("ProviderOptions:use_tf32", "1", "HoloZero:demo:ProviderOptions: the processor has none")]
    [InlineData("ProviderOptions", "use_tf32", "HoloZero:demo:ProviderOptions: is one value; give it keys of its own")]
    [InlineData("EngineCacheFolder", "", "HoloZero:demo:EngineCacheFolder: is no folder's name")]
    [InlineData("DeviceId", "-1", "HoloZero:demo:DeviceId: -1 is negative")]
    [InlineData("MaxStateBytes", "-1", "HoloZero:demo:MaxStateBytes: -1 is negative")]
    [InlineData("PrefillChunkBytes", "1", "HoloZero:demo:PrefillChunkBytes: 1 is not within ")]
    [InlineData("Provider", "Abacus", "HoloZero:demo:Provider: 'Abacus' is not of type Cpu or Cuda or TensorRt")]
    [InlineData("Provider", "7", "HoloZero:demo:Provider: 7 is unknown")]
    [InlineData("WarmUpBytes", "-1", "HoloZero:demo:WarmUpBytes: is -1, allowed are 0 to 65,536")]
    [InlineData("StopGrace", "20", "HoloZero:demo:StopGrace: is 20.00:00:00, allowed are 00:00:00 to 1.00:00:00; write hh:mm:ss")]
    public async Task Bad_options_stop_the_start_in_one_line_that_names_the_key(string key, string value, string message)
    {
        var (host, _) = Hosts.Configured(key == "Model" ? [(key, value)] : [("Model", "anywhere"), (key, value)]);
        using var disposed = host;
        var refused = await Assert.ThrowsAsync<BadInputException>(() => host.StartAsync(Hosts.Token));
        Assert.StartsWith(message, refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void An_empty_value_leaves_an_option_to_its_default()
    {
        var section = new ConfigurationBuilder().AddInMemoryCollection([new("StreamBytes", "")]).Build();
        var options = new HoloZeroOptions { StreamBytes = 64 };
        SectionBinding.Bind(section, options, "a model");
        Assert.Null(options.StreamBytes);
    }

    [Fact]
    public async Task Options_that_code_sets_are_named_as_if_configured()
    {
        var (host, _) = Hosts.With("anywhere", options => options.MaxRows = 100_000);
        using var disposed = host;
        var refused = await Assert.ThrowsAsync<BadInputException>(() => host.StartAsync(Hosts.Token));
        Assert.StartsWith("HoloZero:demo:MaxRows: is 100000, ", refused.Message);
    }

    [Fact]
    public async Task A_model_without_a_section_says_which_key_is_missing()
    {
        var (host, _) = Hosts.Configured();
        using var disposed = host;
        var refused = await Assert.ThrowsAsync<BadInputException>(() => host.StartAsync(Hosts.Token));
        Assert.StartsWith("HoloZero:demo:Model: is not given", refused.Message);
    }

    [Fact]
    public void What_configuration_says_is_what_the_runtime_gets()
    {
        var (host, _) = Hosts.Configured(("Model", "m"), ("Variant", "int8"), ("provider", "cuda"),
            ("DeviceMemoryBytes", "7000000000"), ("AllowCpuNodes", "true"),
            ("ProviderOptions:use_tf32", "1"), ("EngineCacheFolder", "engines"), ("DeviceId", "1"), ("Threads", "2"),
            ("PrefillChunkBytes", "100"), ("MaxStateBytes", "5000000000"), ("SpinMicroseconds", "50"), ("VerifyHashes", "false"),
            ("MaxRows", "3"), ("MaxQueued", "4"), ("StreamBytes", "100"), ("MaxPrefixSlots", "5"), ("KeptStreamBytes", "20"),
            ("PrefillRows", "9"), ("PrefixCacheBytes", "6000000000"), ("MaxUnreadBytes", "7"), ("SelfCheck", "false"),
            ("WarmUpBytes", null), ("StopGrace", "00:00:05"), ("StopHostOnFailure", "false"));
        using var disposed = host;
        var options = host.Services.GetRequiredService<IOptionsMonitor<HoloZeroOptions>>().Get("demo");
        var model = options.ForModel();
        Assert.Equal([new("use_tf32", "1")], model.ProviderOptions);
        Assert.Equal(new ModelOptions
        {
            Variant = "int8",
            Provider = ExecutionProvider.Cuda,
            DeviceMemoryBytes = 7_000_000_000,
            AllowCpuNodes = true,
            ProviderOptions = model.ProviderOptions,
            EngineCacheFolder = "engines",
            DeviceId = 1,
            Threads = 2,
            PrefillChunkBytes = 100,
            MaxStateBytes = 5_000_000_000,
            SpinMicroseconds = 50,
            VerifyHashes = false,
        }, model);
        Assert.Equal(new ByteGeneratorOptions
        {
            MaxRows = 3,
            MaxQueued = 4,
            Window = new() { StreamBytes = 100, MaxPrefixSlots = 5, KeptStreamBytes = 20 },
            PrefillRows = 9,
            PrefixCacheBytes = 6_000_000_000,
            MaxUnreadBytes = 7,
        }, options.ForGenerator(new()));
        Assert.Equal(("m", false, 16, TimeSpan.FromSeconds(5), false),
            (options.Model, options.SelfCheck, options.WarmUpBytes, options.StopGrace, options.StopHostOnFailure));
    }

    [Fact]
    public void What_is_not_set_is_the_runtime_s_default()
    {
        Assert.Equal(new(), new HoloZeroOptions().ForModel());
        var window = new ContextWindowOptions { StreamBytes = 77, MaxPrefixSlots = 7, KeptStreamBytes = 17 };
        Assert.Equal(new() { Window = window }, new HoloZeroOptions().ForGenerator(window));
        // A shorter stream than the model's does not keep what that keeps.
        Assert.Equal(new() { StreamBytes = 9, MaxPrefixSlots = 7 }, new HoloZeroOptions { StreamBytes = 9 }.ForGenerator(window).Window);
    }

    [Fact]
    public void Every_option_of_the_runtime_is_one_of_a_host_and_in_the_manual()
    {
        var own = typeof(HoloZeroOptions).GetProperties().Select(property => property.Name).ToHashSet();
        string[] ofTheHostItself = [nameof(ByteGeneratorOptions.Window), nameof(ByteGeneratorOptions.ModelName),
            nameof(ByteGeneratorOptions.Meters)];
        var runtime = ((Type[])[typeof(ModelOptions), typeof(ByteGeneratorOptions), typeof(ContextWindowOptions)])
            .SelectMany(type => type.GetProperties()).Select(property => property.Name).Except(ofTheHostItself);
        Assert.Subset(own, runtime.ToHashSet());

        var manual = File.ReadAllText(Path.Combine(Repository.Root, "docs", "hosting.md"));
        Assert.All(own, option => Assert.Contains($"| `{option}` |", manual));
    }
}
