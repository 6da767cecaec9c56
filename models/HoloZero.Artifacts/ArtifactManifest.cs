using System.Text.Json;
using System.Text.Json.Serialization;

namespace HoloZero.Artifacts;

/// <summary>
/// <c>holozero.json</c>: what an artifact folder holds, and all that a runtime needs to know to run it. Immutable.
/// </summary>
public sealed record ArtifactManifest
{
    /// <summary>Name of the manifest in its folder.</summary>
    public const string FileName = "holozero.json";

    /// <summary>The value of <see cref="Format"/>.</summary>
    public const string FormatName = "holozero-artifact";

    /// <summary>The format version that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    internal const long MostBytes = 64 << 20;

    /// <summary>Name of the axis of sequences that run side by side, in every shape that has one.</summary>
    public const string BatchAxis = "batch";

    /// <summary>What kind of file this is: <see cref="FormatName"/>.</summary>
    public required string Format { get; init; }

    /// <summary>Version of the format; a reader refuses those it does not know.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The tool that wrote the folder.</summary>
    public required ProducerInfo Producer { get; init; }

    /// <summary>The network.</summary>
    public required ModelInfo Model { get; init; }

    /// <summary>The checkpoint that the weights came from, or that they are random.</summary>
    public required SourceInfo Source { get; init; }

    /// <summary>The HSL value table that every graph carries.</summary>
    public required ValueTableInfo ValueTable { get; init; }

    /// <summary>The graphs, the default one first.</summary>
    public required IReadOnlyList<VariantInfo> Variants { get; init; }

    /// <summary>Graphs that make bytes of pictures and sound; none where an earlier release exported it.</summary>
    public IReadOnlyList<MediaInfo> Media { get => field ?? []; init; }

    /// <summary>Prompts and logits for a self-check where the artifact is deployed.</summary>
    public required GoldenInfo Golden { get; init; }

    /// <summary>How much context the model was made for; null where nobody said.</summary>
    public WindowInfo? Window { get; init; }

    /// <summary>What to guess by where bytes are checked several at once; null where nothing was counted.</summary>
    public DraftsInfo? Drafts { get; init; }

    /// <summary>What computes the features of bytes, for people to look at; null where an earlier release exported it.</summary>
    public FeaturesInfo? Features { get; init; }

    /// <summary>Every other file of the folder, by name.</summary>
    public required IReadOnlyDictionary<string, FileInfo> Files { get; init; }

    /// <summary>
    /// Threads that may compute a call of a variant on the processor. Beyond one a head ONNX Runtime's attention splits the positions of a
    /// lone row among them and adds up in another order than beside other rows, which an exact variant must not.
    /// </summary>
    /// <param name="variant">One of <see cref="Variants"/>.</param>
    /// <returns>At least 1; null where there is no limit.</returns>
    public int? MostThreads(VariantInfo variant) => variant.Exact ? Math.Max(1, Model.Heads) : null;

    /// <summary>Tool name and version.</summary>
    /// <param name="Tool">Name of the program.</param>
    /// <param name="Version">Version of the program.</param>
    public sealed record ProducerInfo(string Tool, string Version);

    /// <summary>Architecture and hyper-parameters.</summary>
    /// <param name="Architecture">Which one: AsymDec.</param>
    /// <param name="Dim">Model width.</param>
    /// <param name="DecLayers">Number of decoder layers.</param>
    /// <param name="Heads">Number of heads.</param>
    /// <param name="SlotBytes">Bytes in a prefix slot, K.</param>
    /// <param name="Door">The input layer: zero, projection or embedding.</param>
    /// <param name="PrefixAttention">causal or bidirectional.</param>
    /// <param name="Vocabulary">Logits per position.</param>
    /// <param name="MaskId">Id that is never sampled.</param>
    /// <param name="EosId">Id that ends a sequence.</param>
    /// <param name="Parameters">Number of learned parameters.</param>
    public sealed record ModelInfo(string Architecture, int Dim, int DecLayers, int Heads, int SlotBytes, string Door,
        string PrefixAttention, int Vocabulary, int MaskId, int EosId, long Parameters)
    {
        /// <summary>The value of <see cref="StreamOrigin"/> where every stream begins with a byte 0x00.</summary>
        public const string ZeroOrigin = "zero";

        /// <summary>continuous: rotary positions run on from prefix to stream; restarted: they start at 0 again.</summary>
        /// <value>continuous, where an earlier release exported it.</value>
        public string StreamPositions { get => field ?? "continuous"; init; }

        /// <summary>
        /// bare: a stream begins with its first byte; zero: with an origin byte 0x00, which whoever runs the graph puts there.
        /// </summary>
        /// <value>bare, where an earlier release exported it.</value>
        public string StreamOrigin { get => field ?? "bare"; init; }

        /// <summary>
        /// What the features are read from that depend on a byte alone: hsl, learned, random or permuted. Only a zero door on hsl is
        /// HoLo_ZeRo.
        /// </summary>
        /// <value>hsl, where an earlier release exported it.</value>
        public string Substrate { get => field ?? "hsl"; init; }

        /// <summary>The seed of a random or permuted substrate; 0 for the others.</summary>
        public uint SubstrateSeed { get; init; }
    }

    /// <summary>Where the weights came from.</summary>
    /// <param name="File">The checkpoint's name, without folder; of random weights their configuration and seed.</param>
    /// <param name="Format">pytorch-zip, safetensors or random.</param>
    /// <param name="Sha256">Of the file; of random weights as little-endian float32, tensors sorted by name.</param>
    /// <param name="StoredTypes">Element types that its tensors have there.</param>
    public sealed record SourceInfo(string File, string Format, string Sha256, IReadOnlyList<string> StoredTypes);

    /// <summary>The baked table.</summary>
    /// <param name="Rows">256.</param>
    /// <param name="Columns">18.</param>
    /// <param name="Sha256">Of its little-endian float32 values, row-major.</param>
    public sealed record ValueTableInfo(int Rows, int Columns, string Sha256);

    /// <summary>One graph.</summary>
    /// <param name="Name">What a caller selects it by.</param>
    /// <param name="File">The .onnx file.</param>
    /// <param name="Precision">Element type of weights and arithmetic.</param>
    /// <param name="Opsets">Version by operator domain; "" is the standard one.</param>
    /// <param name="LogitsTolerance">How far logits may be from the float64 reference, absolute per unit of the largest logit.</param>
    /// <param name="Signature">Inputs and outputs.</param>
    public sealed record VariantInfo(string Name, string File, string Precision, IReadOnlyDictionary<string, int> Opsets,
        double LogitsTolerance, SignatureInfo Signature)
    {
        /// <summary>
        /// Where in the graph each block's output is, in the order in which they run: what validation compares layer by layer.
        /// </summary>
        public IReadOnlyList<TraceInfo> Trace { get => field ?? []; init; }

        /// <summary>Prefix slots and stream bytes that a sequence may have at most; null is no limit.</summary>
        public int? MaxPositions { get; init; }

        /// <summary>
        /// Bytes of all initializers of the graph, weights and tables as they are stored; null where an earlier release exported it.
        /// </summary>
        public long? WeightBytes { get; init; }

        /// <summary>
        /// What may run the graph whole: cpu, cuda, tensorrt. The processor runs every graph, if slowly. Of an earlier release's, the
        /// processor alone.
        /// </summary>
        public IReadOnlyList<string> Providers { get => field ?? ["cpu"]; init; }

        /// <summary>
        /// Nodes that compute of lengths and positions alone: ONNX Runtime runs them on the processor beside any device. None where an
        /// earlier release exported it.
        /// </summary>
        public IReadOnlyList<string> HostNodes { get => field ?? []; init; }

        /// <summary>
        /// Whether a row's logits on the processor depend on its own sequence alone, bit for bit: not on how many rows are in the call, on
        /// its neighbours, or on the number of threads. False where an earlier release exported it.
        /// </summary>
        public bool Exact { get; init; }

        /// <summary>
        /// Bits of the codes of weights where products are sums of whole numbers, with codes of 8 bits for activations; null elsewhere, and
        /// where an earlier release exported it, which took 8. With more than 7, x64 processors without VNNI need ONNX Runtime's session
        /// option <c>session.x64quantprecision</c> = 1, or they cut sums off.
        /// </summary>
        public int? WeightBits { get; init; }

        /// <summary>What the fixed scales of its activations were measured on; null where it has none.</summary>
        public CalibrationInfo? Calibration { get; init; }

        /// <summary>The graph that computes several steps at once; null where there is none.</summary>
        public CheckInfo? Check { get; init; }

        /// <summary>What rounding its weights costs; null where nothing is rounded or nobody measured it.</summary>
        public QualityInfo? Quality { get; init; }
    }

    /// <summary>
    /// A graph beside a variant's that computes a fixed number of stream bytes of each sequence as so many steps would, bit for bit, and
    /// gives the state after each. Its other inputs are the variant's.
    /// </summary>
    /// <param name="File">The .onnx file, whose name begins with that of the variant's.</param>
    /// <param name="Rows">Stream bytes of every call, 2 to <see cref="MostRows"/>.</param>
    /// <param name="Stream">Input: the bytes.</param>
    /// <param name="Logits">Output: one row per byte.</param>
    /// <param name="Presents">
    /// For each piece of the variant's state the names of the outputs after each byte; all of one that is in place and grows may be the
    /// same memory as its past.
    /// </param>
    public sealed record CheckInfo(string File, int Rows, PortInfo Stream, PortInfo Logits, IReadOnlyList<IReadOnlyList<string>> Presents)
    {
        /// <summary>The largest <see cref="Rows"/>.</summary>
        public const int MostRows = 32;
    }

    /// <summary>The table that drafts are taken from.</summary>
    /// <param name="File">A <see cref="DraftTable"/>.</param>
    /// <param name="Entries">How many contexts it knows.</param>
    /// <param name="Bytes">Length of the text that it was counted in.</param>
    /// <param name="TextSha256">Of that text.</param>
    public sealed record DraftsInfo(string File, int Entries, long Bytes, string TextSha256);

    /// <summary>How well a variant predicts held-out text.</summary>
    /// <param name="BitsPerByte">Of this variant.</param>
    /// <param name="BaselineBitsPerByte">Of fp32 on the same text.</param>
    /// <param name="Bytes">Predicted bytes.</param>
    /// <param name="TextSha256">Of the text.</param>
    public sealed record QualityInfo(double BitsPerByte, double BaselineBitsPerByte, long Bytes, string TextSha256)
    {
        /// <summary>How many more bits/byte than fp32, as a fraction.</summary>
        [JsonIgnore]
        public double Loss => BitsPerByte / BaselineBitsPerByte - 1;
    }

    /// <summary>The text that ranges of activations were measured on.</summary>
    /// <param name="Source"><see cref="OwnText"/> or <see cref="GivenText"/>.</param>
    /// <param name="Bytes">Its length in bytes.</param>
    /// <param name="TextSha256">Its SHA-256, 64 lower-case hexadecimal digits.</param>
    public sealed record CalibrationInfo(string Source, long Bytes, string TextSha256)
    {
        /// <summary>Text that the network wrote itself, from a fixed seed.</summary>
        public const string OwnText = "own";

        /// <summary>Text that whoever exported it gave.</summary>
        public const string GivenText = "given";
    }

    /// <summary>A block's output within a graph.</summary>
    /// <param name="Module">The block: <c>self_blocks.0</c>.</param>
    /// <param name="Value">The value in the graph; not one of its outputs.</param>
    public sealed record TraceInfo(string Module, PortInfo Value);

    /// <summary>Inputs and outputs of a graph.</summary>
    /// <param name="Prefix">Input: bytes of whole prefix slots; not empty only in a session's first call.</param>
    /// <param name="Stream">Input: stream bytes, at least one.</param>
    /// <param name="Logits">Output: one row per stream byte.</param>
    /// <param name="State">What a session carries from call to call; all zeros at first, growing axes of length 0.</param>
    public sealed record SignatureInfo(PortInfo Prefix, PortInfo Stream, PortInfo Logits, IReadOnlyList<StateInfo> State);

    /// <summary>One input or output.</summary>
    /// <param name="Name">Its name in the graph.</param>
    /// <param name="Type">float32, uint8, int64..</param>
    /// <param name="Shape">Its axes.</param>
    public sealed record PortInfo(string Name, string Type, IReadOnlyList<Dimension> Shape);

    /// <summary>A piece of state.</summary>
    /// <param name="Past">The input.</param>
    /// <param name="Present">The output that becomes the next call's <paramref name="Past"/>.</param>
    /// <param name="InPlace">
    /// Whether both may be the same memory. A growing axis may then be longer than the positions so far, the same in both.
    /// </param>
    public sealed record StateInfo(PortInfo Past, PortInfo Present, bool InPlace = false);

    /// <summary>A graph that makes the bytes that the network reads of something else.</summary>
    /// <param name="Name">Of what: <see cref="Picture"/> or <see cref="Sound"/>.</param>
    /// <param name="File">The .onnx file.</param>
    /// <param name="Opsets">Version by operator domain; "" is the standard one, "ai.onnx.contrib" ONNX Runtime Extensions.</param>
    /// <param name="Input">Pixels [height, width, 3], red first; or the bytes of a sound file.</param>
    /// <param name="Output">The bytes.</param>
    public sealed record MediaInfo(string Name, string File, IReadOnlyDictionary<string, int> Opsets, PortInfo Input, PortInfo Output)
    {
        /// <summary>The <see cref="Name"/> of the graph for pictures.</summary>
        public const string Picture = "picture";

        /// <summary>The <see cref="Name"/> of the graph for sound.</summary>
        public const string Sound = "sound";
    }

    /// <summary>The self-check.</summary>
    /// <param name="File">The safetensors file.</param>
    /// <param name="Engines">What computed the logits, and agreed on them.</param>
    public sealed record GoldenInfo(string File, IReadOnlyList<string> Engines);

    /// <summary>The context that a generation keeps where it is not told otherwise.</summary>
    /// <param name="StreamBytes">The most bytes of the stream.</param>
    /// <param name="MaxPrefixSlots">The most prefix slots.</param>
    /// <param name="KeptStreamBytes">Bytes that stay in the stream when it is re-packed; null is the runtime's choice.</param>
    public sealed record WindowInfo(int StreamBytes, int MaxPrefixSlots, int? KeptStreamBytes = null)
    {
        /// <summary>The largest <see cref="StreamBytes"/>.</summary>
        public const int MostStreamBytes = 65_536;

        /// <summary>The largest <see cref="MaxPrefixSlots"/>.</summary>
        public const int MostPrefixSlots = 4_096;

        /// <summary>What is wrong with it for slots of <paramref name="slotBytes"/> bytes, or null.</summary>
        public string? Violation(int slotBytes)
        {
            if (StreamBytes < slotBytes || StreamBytes > MostStreamBytes)
                return $"stream_bytes {StreamBytes} is not within {slotBytes}, the bytes of a slot, to {MostStreamBytes:N0}";
            if (MaxPrefixSlots is < 0 or > MostPrefixSlots)
                return $"max_prefix_slots {MaxPrefixSlots} is not within 0 to {MostPrefixSlots:N0}";
            return KeptStreamBytes < 1 || KeptStreamBytes > StreamBytes
                ? $"kept_stream_bytes {KeptStreamBytes} is not within 1 to {StreamBytes}, the stream_bytes" : null;
        }
    }

    /// <summary>The graph that gives what the network literally reads of bytes, as the front door of every variant does.</summary>
    /// <param name="File">The .onnx file, of standard operators alone.</param>
    /// <param name="Input">Bytes of one run, [1, n].</param>
    /// <param name="Output">Their features, [1, n, channels].</param>
    /// <param name="Channels">What each of its columns is.</param>
    public sealed record FeaturesInfo(string File, PortInfo Input, PortInfo Output, IReadOnlyList<ChannelInfo> Channels);

    /// <summary>A feature of a byte.</summary>
    /// <param name="Name">Its name, unlike all others: <c>dxor.0</c>.</param>
    /// <param name="Group">What it belongs to: <c>dxor</c>.</param>
    /// <param name="Description">What it says, in a few words.</param>
    public sealed record ChannelInfo(string Name, string Group, string Description);

    /// <summary>Size and hash of a file.</summary>
    /// <param name="Bytes">Its size in bytes.</param>
    /// <param name="Sha256">SHA-256 of its bytes, 64 lower-case hexadecimal digits.</param>
    public sealed record FileInfo(long Bytes, string Sha256);

    /// <summary>The manifest as JSON, byte for byte the same for the same content; ends with a line break.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ManifestJson.Default.ArtifactManifest).ReplaceLineEndings("\n") + "\n";

    /// <summary>Reads a manifest.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="BadInputException">It cannot be read, is no manifest, or is of an unknown version.</exception>
    public static ArtifactManifest Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        return Read(path, stream);
    }

    /// <summary>Reads a manifest from a stream that knows its length and can be read twice.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="stream">The manifest; not disposed.</param>
    /// <exception cref="BadInputException">It cannot be read, is no manifest, or is of an unknown version.</exception>
    public static ArtifactManifest Read(string path, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Length > MostBytes)
        {
            throw new BadInputException(path, $"it has {stream.Length} bytes, a manifest has some thousand",
                "name a folder that holozero-export wrote");
        }

        ArtifactManifest? manifest;
        try
        {
            // Alone, since all else may look different in a version that is not known here.
            var header = InputFile.Guard(path, () => JsonSerializer.Deserialize(stream, ManifestJson.Default.ManifestHeader));
            if (header is null || header.Format != FormatName)
                throw new BadInputException(path, $"its format is not {FormatName}", "name a folder that holozero-export wrote");
            if (header.FormatVersion != CurrentVersion)
            {
                throw new BadInputException(path, $"its format version is {header.FormatVersion}, this program reads {CurrentVersion}",
                    header.FormatVersion > CurrentVersion ? "update HoloZero, or export the model again with this release"
                        : "export the model again with this release");
            }

            stream.Position = 0;
            manifest = InputFile.Guard(path, () => JsonSerializer.Deserialize(stream, ManifestJson.Default.ArtifactManifest))!;
        }
        catch (JsonException e)
        {
            throw new BadInputException(path, $"it is not a sound manifest ({Untrusted.Cut(e.Message)})", "export the model again", e);
        }

        if (ManifestRules.FirstViolation(manifest) is { } violation)
            throw new BadInputException(path, $"it is not a sound manifest ({violation})", "export the model again");

        return manifest;
    }
}

/// <summary>What stands in a manifest of any version.</summary>
internal sealed record ManifestHeader(string Format, int FormatVersion);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(ArtifactManifest))]
[JsonSerializable(typeof(ManifestHeader))]
internal sealed partial class ManifestJson : JsonSerializerContext;
