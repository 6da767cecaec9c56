using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Hosting;

/// <summary>
/// How a host loads a model and shares it. Every property is a configuration key of the same name. Read once, when the model is first asked
/// for; later changes have no effect. Not thread-safe.
/// </summary>
public sealed class HoloZeroOptions
{
    private const int MostWarmUpBytes = 65_536;

    private static readonly TimeSpan LongestGrace = TimeSpan.FromDays(1);
    private static readonly ModelOptions ModelDefaults = new();
    private static readonly ByteGeneratorOptions GeneratorDefaults = new();

    /// <summary>Configuration keys by the names that the runtime gives its options.</summary>
    private static readonly Dictionary<string, string> Keys = new(StringComparer.Ordinal)
    {
        ["variant"] = nameof(Variant),
        ["provider"] = nameof(Provider),
        ["device"] = nameof(DeviceId),
        ["device memory"] = nameof(DeviceMemoryBytes),
        ["provider options"] = nameof(ProviderOptions),
        ["engine cache"] = nameof(EngineCacheFolder),
        ["threads"] = nameof(Threads),
        ["spin"] = nameof(SpinMicroseconds),
        ["prefill chunk"] = nameof(PrefillChunkBytes),
        ["state bytes"] = nameof(MaxStateBytes),
        ["max-rows"] = nameof(MaxRows),
        ["max-queued"] = nameof(MaxQueued),
        ["stream-bytes"] = nameof(StreamBytes),
        ["max-prefix-slots"] = nameof(MaxPrefixSlots),
        ["kept-stream-bytes"] = nameof(KeptStreamBytes),
        ["prefill-rows"] = nameof(PrefillRows),
        ["prefix-cache-bytes"] = nameof(PrefixCacheBytes),
        ["max-unread-bytes"] = nameof(MaxUnreadBytes),
    };

    /// <summary>The folder that holozero-export wrote; a relative one is relative to the current directory. Required.</summary>
    /// <value>null.</value>
    public string? Model { get; set; }

    /// <inheritdoc cref="ModelOptions.Variant"/>
    public string? Variant { get; set; }

    /// <inheritdoc cref="ModelOptions.Provider"/>
    public ExecutionProvider Provider { get; set; } = ModelDefaults.Provider;

    /// <inheritdoc cref="ModelOptions.DeviceId"/>
    public int DeviceId { get; set; } = ModelDefaults.DeviceId;

    /// <inheritdoc cref="ModelOptions.DeviceMemoryBytes"/>
    public long? DeviceMemoryBytes { get; set; }

    /// <inheritdoc cref="ModelOptions.AllowCpuNodes"/>
    public bool AllowCpuNodes { get; set; } = ModelDefaults.AllowCpuNodes;

    /// <inheritdoc cref="ModelOptions.ProviderOptions"/>
    public IDictionary<string, string> ProviderOptions { get; set; } = new Dictionary<string, string>();

    /// <inheritdoc cref="ModelOptions.EngineCacheFolder"/>
    public string? EngineCacheFolder { get; set; }

    /// <inheritdoc cref="ModelOptions.Threads"/>
    public int? Threads { get; set; }

    /// <inheritdoc cref="ModelOptions.PrefillChunkBytes"/>
    public int PrefillChunkBytes { get; set; } = ModelDefaults.PrefillChunkBytes;

    /// <inheritdoc cref="ModelOptions.MaxStateBytes"/>
    public long? MaxStateBytes { get; set; }

    /// <inheritdoc cref="ModelOptions.Speculation"/>
    public bool Speculation { get; set; } = ModelDefaults.Speculation;

    /// <inheritdoc cref="ModelOptions.SpinMicroseconds"/>
    public int? SpinMicroseconds { get; set; } = ModelDefaults.SpinMicroseconds;

    /// <inheritdoc cref="ModelOptions.VerifyHashes"/>
    public bool VerifyHashes { get; set; } = ModelDefaults.VerifyHashes;

    /// <inheritdoc cref="ByteGeneratorOptions.MaxRows"/>
    public int MaxRows { get; set; } = GeneratorDefaults.MaxRows;

    /// <inheritdoc cref="ByteGeneratorOptions.MaxQueued"/>
    public int MaxQueued { get; set; } = GeneratorDefaults.MaxQueued;

    /// <summary>The <see cref="ContextWindowOptions.StreamBytes"/> of a generation whose options name no window.</summary>
    /// <value>That of the model.</value>
    public int? StreamBytes { get; set; }

    /// <summary>The <see cref="ContextWindowOptions.MaxPrefixSlots"/> of a generation whose options name no window.</summary>
    /// <value>That of the model.</value>
    public int? MaxPrefixSlots { get; set; }

    /// <summary>The <see cref="ContextWindowOptions.KeptStreamBytes"/> of a generation whose options name no window.</summary>
    /// <value>That of the model, or where <see cref="StreamBytes"/> is given, the default for it.</value>
    public int? KeptStreamBytes { get; set; }

    /// <inheritdoc cref="ByteGeneratorOptions.PrefillRows"/>
    public int PrefillRows { get; set; } = GeneratorDefaults.PrefillRows;

    /// <inheritdoc cref="ByteGeneratorOptions.PrefixCacheBytes"/>
    public long PrefixCacheBytes { get; set; } = GeneratorDefaults.PrefixCacheBytes;

    /// <inheritdoc cref="ByteGeneratorOptions.MaxUnreadBytes"/>
    public int MaxUnreadBytes { get; set; } = GeneratorDefaults.MaxUnreadBytes;

    /// <summary>Whether a model is ready only once it gives the logits that its artifact holds, on this machine and provider.</summary>
    /// <value>true.</value>
    public bool SelfCheck { get; set; } = true;

    /// <summary>
    /// Bytes that are generated before a model is ready, so that the first request does not pay for what is done once, 0 to 65,536; 0
    /// generates none. Metrics count it as a request.
    /// </summary>
    /// <value>16.</value>
    public int WarmUpBytes { get; set; } = 16;

    /// <summary>
    /// How long generations may go on once the host stops, 0 to 1 day; in configuration <c>hh:mm:ss</c>. What has not ended by then ends by
    /// <see cref="GeneratorStoppedException"/>. The host's own ShutdownTimeout, 30 s unless it says otherwise, ends it earlier.
    /// </summary>
    /// <value>20 s.</value>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Whether the host stops when the model does not load. The process' exit code, unless it is set already, becomes 2 where
    /// configuration or artifact are bad, 3 where the machine lacks something, 1 otherwise, a failed self-check among them. A program whose
    /// entry point returns an exit code returns <see cref="Environment.ExitCode"/>.
    /// </summary>
    /// <value>true.</value>
    public bool StopHostOnFailure { get; set; } = true;

    /// <summary>What the runtime loads the model with.</summary>
    internal ModelOptions ForModel() => new()
    {
        Variant = Variant,
        Provider = Provider,
        DeviceId = DeviceId,
        DeviceMemoryBytes = DeviceMemoryBytes,
        AllowCpuNodes = AllowCpuNodes,
        ProviderOptions = ProviderOptions.Count > 0 ? ProviderOptions.AsReadOnly() : ModelDefaults.ProviderOptions,
        EngineCacheFolder = EngineCacheFolder,
        Threads = Threads,
        PrefillChunkBytes = PrefillChunkBytes,
        MaxStateBytes = MaxStateBytes,
        SpinMicroseconds = SpinMicroseconds,
        Speculation = Speculation,
        VerifyHashes = VerifyHashes,
    };

    /// <summary>What the runtime shares a model with whose own window is <paramref name="window"/>; names and meters excepted.</summary>
    internal ByteGeneratorOptions ForGenerator(ContextWindowOptions window) => new()
    {
        MaxRows = MaxRows,
        MaxQueued = MaxQueued,
        Window = window.With(StreamBytes, MaxPrefixSlots, KeptStreamBytes),
        PrefillRows = PrefillRows,
        Speculation = Speculation,
        PrefixCacheBytes = PrefixCacheBytes,
        MaxUnreadBytes = MaxUnreadBytes,
    };

    /// <summary>Checks what can be checked without the model.</summary>
    /// <param name="source">Where they come from.</param>
    /// <exception cref="BadInputException">An option is missing or out of range; the message names its key.</exception>
    internal void Validate(OptionsSource source)
    {
        if (string.IsNullOrWhiteSpace(Model))
            throw new BadInputException(source.Key(nameof(Model)), "is not given", "name a folder that holozero-export wrote");
        if (WarmUpBytes is < 0 or > MostWarmUpBytes)
        {
            throw new BadInputException(source.Key(nameof(WarmUpBytes)), $"is {WarmUpBytes}, allowed are 0 to {MostWarmUpBytes:N0}",
                "leave it out for the default");
        }

        if (StopGrace < TimeSpan.Zero || StopGrace > LongestGrace)
        {
            throw new BadInputException(source.Key(nameof(StopGrace)), $"is {StopGrace:c}, allowed are 00:00:00 to {LongestGrace:c}",
                "write hh:mm:ss");
        }

        try
        {
            ForModel().Validate();
            // How large the model's own stream and slots are is not known before it is loaded.
            var generator = ForGenerator(new() { StreamBytes = ContextWindowOptions.MaxStreamBytes });
            generator.Validate();
            generator.Window!.Validate(slotBytes: 1);
        }
        catch (BadInputException e)
        {
            throw Named(e, source);
        }
    }

    /// <summary>The same, told of the configuration key; what is wrong with a file is told of <see cref="Model"/>.</summary>
    internal static BadInputException Named(BadInputException cause, OptionsSource source) =>
        Keys.TryGetValue(cause.Where, out var key) ? new(source.Key(key), cause.What, cause.Remedy, cause)
            : new(source.Key(nameof(Model)), $"{cause.Where}: {cause.What}", cause.Remedy, cause);
}
