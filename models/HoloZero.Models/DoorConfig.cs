namespace HoloZero.Models;

/// <summary>What turns bytes into rows of the model's width: the arms of the published ablation.</summary>
public enum DoorKind
{
    /// <summary>Features, padded with zeros: nothing is learned.</summary>
    Zero,

    /// <summary>Two Linears on the features: K * 27 -> d for a prefix slot, 27 -> d for a stream byte.</summary>
    Projection,

    /// <summary>A learned row a byte; a prefix slot is the mean of its bytes' rows.</summary>
    Embedding,
}

/// <summary>Where the 18 feature columns come from that depend on a byte alone; the 9 that depend on its neighbours stay HSL's.</summary>
public enum SubstrateKind
{
    /// <summary>The published formulas.</summary>
    Hsl,

    /// <summary>A learned table [256, 18].</summary>
    Learned,

    /// <summary>Random numbers with the mean and deviation that each column has.</summary>
    Random,

    /// <summary>The rows of the published table, given to other bytes.</summary>
    Permuted,
}

/// <summary>
/// The input layer of a network. Only the zero door on HSL's features is HoLo_ZeRo; the others are what it is compared with. Immutable.
/// </summary>
/// <param name="Kind">What turns bytes into rows.</param>
/// <param name="Substrate">Where the value columns come from.</param>
/// <param name="Seed">What a random or permuted table is drawn from; 0 for the others.</param>
public sealed record DoorConfig(DoorKind Kind = DoorKind.Zero, SubstrateKind Substrate = SubstrateKind.Hsl, uint Seed = 0)
{
    /// <summary>The parameter of a learned substrate, [256, 18].</summary>
    public const string LearnedTable = "door.value.weight";

    /// <summary>The parameter of an embedding door, [258, d].</summary>
    public const string EmbeddingTable = "door.embedding.weight";

    /// <summary>The table of a random or permuted substrate [256, 18], row-major; null where none is baked but HSL's own.</summary>
    public float[]? BakedTable() => Substrate switch
    {
        SubstrateKind.Random => SubstrateTables.Random(Seed),
        SubstrateKind.Permuted => SubstrateTables.Permuted(Seed),
        _ => null,
    };

    /// <summary>What is wrong; null where nothing is.</summary>
    public string? Violation() => (Kind, Substrate, Seed) switch
    {
        (DoorKind.Embedding, not SubstrateKind.Hsl, _) =>
            $"substrate is {Name(Substrate)}, but an embedding door reads no features",
        (_, SubstrateKind.Hsl or SubstrateKind.Learned, > 0) =>
            $"substrate_seed is {Seed}, but nothing is drawn for substrate {Name(Substrate)}",
        _ => null,
    };

    /// <summary>As <c>cfg</c> and a manifest name a choice: in lower case.</summary>
    public static string Name<T>(T choice) where T : struct, Enum => choice.ToString().ToLowerInvariant();

    /// <summary>The choice of that name; null where there is none.</summary>
    public static T? Parse<T>(string name) where T : struct, Enum =>
        Enum.GetValues<T>().Where(choice => Name(choice) == name).Select(choice => (T?)choice).FirstOrDefault();

    /// <summary>As messages name it: <c>zero</c>, <c>projection</c>, <c>zero-random-7</c>.</summary>
    public override string ToString() => Name(Kind) + (Substrate == SubstrateKind.Hsl ? "" : $"-{Name(Substrate)}")
        + (Substrate is SubstrateKind.Random or SubstrateKind.Permuted ? FormattableString.Invariant($"-{Seed}") : "");
}
