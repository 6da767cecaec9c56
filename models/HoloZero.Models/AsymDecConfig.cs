using HoloZero.Artifacts;

namespace HoloZero.Models;

/// <summary>
/// The hyper-parameters of an AsymDec network. Immutable; valid once constructed.
/// </summary>
public sealed record AsymDecConfig
{
    /// <summary>Logits per position: the 256 bytes, <see cref="MaskId"/> and <see cref="EosId"/>.</summary>
    public const int Vocabulary = ByteVocabulary.Size;

    /// <summary>Id of the MASK symbol. It has no features and is never sampled.</summary>
    public const int MaskId = ByteVocabulary.Mask;

    /// <summary>Id of the end-of-sequence symbol. It has no features.</summary>
    public const int EosId = ByteVocabulary.Eos;

    /// <summary>Epsilon of every LayerNorm.</summary>
    public const double LayerNormEpsilon = 1e-5;

    /// <summary>Epsilon in the denominator of the fast-weight memory read.</summary>
    public const double MemoryEpsilon = 1e-6;

    /// <summary>Base of the rotary position embedding.</summary>
    public const double RopeBase = 10000;

    /// <summary>Bytes of the longest prefix slot whose features fit into the widest model.</summary>
    public const int MostSlotBytes = 65_536 / HslFrontDoor.FeatureCount;

    /// <summary>Creates a configuration.</summary>
    /// <param name="dim">Model width d, 1..65,536.</param>
    /// <param name="decLayers">Number of decoder layers, 1..1,024; each is a self block and a memory block.</param>
    /// <param name="heads">Number of heads H; divides <paramref name="dim"/> into an even head width.</param>
    /// <param name="slotBytes">
    /// Bytes in a prefix slot, K, 1..<see cref="MostSlotBytes"/>; of a zero door, K * 27 features must fit into <paramref name="dim"/>.
    /// </param>
    /// <param name="prefixAttention">What a prefix position sees.</param>
    /// <param name="source">What the values came from, for messages.</param>
    /// <param name="remedy">What to do about values that do not make a network; null is advice for a checkpoint.</param>
    /// <param name="door">The input layer; null is the zero door on HSL's features.</param>
    /// <exception cref="BadInputException">The values do not make a network.</exception>
    public AsymDecConfig(int dim, int decLayers, int heads, int slotBytes,
        PrefixAttention prefixAttention = PrefixAttention.Causal, string source = "configuration", string? remedy = null,
        DoorConfig? door = null)
    {
        Door = door ?? new();
        Require(dim is >= 1 and <= 65_536, $"dim is {dim}, allowed are 1 to 65,536");
        Require(decLayers is >= 1 and <= 1_024, $"dec_layers is {decLayers}, allowed are 1 to 1,024");
        Require(heads >= 1 && dim % heads == 0 && dim / heads % 2 == 0,
            $"heads is {heads}, which does not divide dim {dim} into heads of even width");
        Require(Door.Kind == DoorKind.Zero || slotBytes is >= 1 and <= MostSlotBytes,
            $"K is {slotBytes}, allowed are 1 to {MostSlotBytes:N0}");
        Require(Door.Kind != DoorKind.Zero || slotBytes >= 1 && (long)slotBytes * HslFrontDoor.FeatureCount <= dim,
            $"K is {slotBytes}, but K * {HslFrontDoor.FeatureCount} features must be at least {HslFrontDoor.FeatureCount} "
                + $"and fit into dim {dim}");
        Require(Door.Violation() is null, $"{Door.Violation()}");
        (Dim, DecLayers, Heads, SlotBytes, PrefixAttention) = (dim, decLayers, heads, slotBytes, prefixAttention);

        void Require(bool holds, string what)
        {
            if (!holds) throw new BadInputException(source, what, remedy ?? "use the configuration that the checkpoint was trained with");
        }
    }

    /// <summary>Model width d.</summary>
    public int Dim { get; }

    /// <summary>Number of decoder layers.</summary>
    public int DecLayers { get; }

    /// <summary>Number of heads H.</summary>
    public int Heads { get; }

    /// <summary>Bytes in a prefix slot, K.</summary>
    public int SlotBytes { get; }

    /// <summary>The input layer.</summary>
    public DoorConfig Door { get; }

    /// <summary>What a prefix position sees.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not one of the enumeration.</exception>
    public PrefixAttention PrefixAttention
    {
        get;
        init => field = Enum.IsDefined(value) ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "neither causal nor bidirectional");
    }

    /// <summary>How rotary positions are counted.</summary>
    /// <value><see cref="StreamPositions.Continuous"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">Not one of the enumeration.</exception>
    public StreamPositions StreamPositions
    {
        get;
        init => field = Enum.IsDefined(value) ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "neither continuous nor restarted");
    }

    /// <summary>What a stream begins with.</summary>
    /// <value><see cref="StreamOrigin.Bare"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">Not one of the enumeration.</exception>
    public StreamOrigin StreamOrigin
    {
        get;
        init => field = Enum.IsDefined(value) ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "neither bare nor zero");
    }

    /// <summary>All three together.</summary>
    public Reading Reading
    {
        get => new(PrefixAttention, StreamPositions, StreamOrigin);
        init => (PrefixAttention, StreamPositions, StreamOrigin) = (value.PrefixAttention, value.StreamPositions, value.StreamOrigin);
    }

    /// <summary>The same network behind another door.</summary>
    /// <param name="door">The input layer.</param>
    /// <param name="source">What asks for it, for messages.</param>
    /// <exception cref="BadInputException">They do not make a network.</exception>
    public AsymDecConfig Behind(DoorConfig door, string source = "configuration") =>
        new(Dim, DecLayers, Heads, SlotBytes, source: source, remedy: "choose another door or configuration", door: door)
        {
            Reading = Reading,
        };

    /// <summary>The bytes of a stream as the network reads them: behind the origin, where there is one.</summary>
    public byte[] Stream(ReadOnlySpan<byte> bytes) => StreamOrigin == StreamOrigin.Zero ? [0, .. bytes] : bytes.ToArray();

    /// <summary>Width of a head, k = d / H.</summary>
    public int HeadWidth => Dim / Heads;
}
