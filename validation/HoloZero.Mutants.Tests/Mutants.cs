using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Mutants.Tests.Faults;
using HoloZero.Validation;
using static HoloZero.Validation.CheckNames;

namespace HoloZero.Mutants.Tests;

/// <summary>Every planted fault.</summary>
internal static class Mutants
{
    private static readonly string[] Arithmetic = [Logits, Trace], Carrying = [LogitsStepwise, State], Baked = [ValueTable, FrontDoor],
        Weights = [CheckNames.Reference, Logits];

    public static IReadOnlyList<Mutant> All { get; } =
    [
        .. Files(), .. Tables(), .. Features(), .. Doors(), .. Positions(), .. Attention(), .. Memories(), .. Blocks(), .. Carried(),
        .. FusedMutants.All,
    ];

    private static IEnumerable<Mutant> Files() =>
    [
        new("manifest hash stale", "the graph was renamed after the manifest had been written", [Hashes],
            Plant.InFolder(folder => FolderEdits.GraphWithStaleHash(folder, graph => graph.Name = graph.Name.ToUpperInvariant()))),
        new("manifest of another table", "the manifest's hash of the value table is of another one", [ValueTable],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { ValueTable = manifest.ValueTable with { Sha256 = manifest.Source.Sha256 } }))),
        new("manifest of the other prefix", "a causal artifact's manifest says bidirectional", [CheckNames.Reference, Logits],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { Model = manifest.Model with { PrefixAttention = "bidirectional" } }))),
        new("manifest of other positions", "a continuous artifact's manifest says that positions start again", [Structure, Logits],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { Model = manifest.Model with { StreamPositions = "restarted" } }))),
        new("manifest with an origin", "a bare artifact's manifest says that streams begin with an origin", [Structure],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { Model = manifest.Model with { StreamOrigin = "zero" } }))),
        new("manifest without the origin", "streams begin with an origin, which the manifest does not say", [Structure],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { Model = manifest.Model with { StreamOrigin = "bare" } }))) { Model = SoundModel.TinyOrigin },
        new("self-check loosened", "the manifest allows logits to be off by their own size", [Structure],
            Plant.InFolder(folder => FolderEdits.Variant(folder, variant => variant with { LogitsTolerance = 1 }))),
        new("stored logit of another model", "one logit of the self-check is off by 1e-6", [CheckNames.Reference],
            Plant.InFolder(folder => FolderEdits.FirstStoredLogit(folder, logit => logit + 1e-6))),
        new("manifest pairs keys with values", "the first layer's keys go in as its values with the next call, and back", [LogitsStepwise],
            Plant.InFolder(folder => FolderEdits.Variant(folder, variant =>
                variant with { Signature = variant.Signature with { State = Crossed(variant.Signature.State) } }))),
    ];

    private static IEnumerable<Mutant> Tables() =>
    [
        new("one table row changed", "byte 0xC1, which no text holds, has the phase of 0xC0", Baked,
            Table(table => Row(0xC0)[16..].CopyTo(table, 0xC1 * HslFrontDoor.ValueColumns + 16))),
        new("bits least significant first", "Gray bits and spectrum are those of the byte's bits in reverse", Baked,
            Table(table =>
            {
                for (var value = 0; value < 256; value++)
                {
                    var start = value * HslFrontDoor.ValueColumns;
                    Array.Reverse(table, start, 8);
                    var mirrored = Enumerable.Range(0, 8).Sum(bit => (value >> bit & 1) << (7 - bit));
                    Row(mirrored)[8..16].CopyTo(table, start + 8);
                }
            })),
        new("sign of the spectrum", "the imaginary parts are those of the inverse transform", Baked,
            EachRow((row, _) =>
            {
                for (var column = 13; column < 16; column++) row[column] = -row[column];
            })),
        new("phase over 255", "the phase angle is 2 pi v / 255", Baked,
            EachRow((row, value) => (row[16], row[17]) = (Math.Cos(2 * Math.PI * value / 255), Math.Sin(2 * Math.PI * value / 255)))),
    ];

    private static IEnumerable<Mutant> Features() =>
    [
        new("boundary over 9 at the first byte", "a run's first boundary has five terms and is divided by nine", [FrontDoor, Trace],
            InDoor("terms_at_first", 9)),
        new("boundary with whole flips", "the energy takes d2xor in full instead of by half", [FrontDoor, Trace], InDoor("half", 1)),
        new("d2xor from raw bits", "d2xor compares bytes instead of their Gray codes", [FrontDoor, Trace],
            Planted<SecondDifferenceOfRawBits>()),
        new("prefix features restarted at each slot", "each slot is a run of its own", [FrontDoor, Logits, Trace],
            Plant.InOperations(config => new PrefixRestartsAtEachSlot(config.SlotBytes))),
        new("slot order reversed", "the last slot is the first row", Arithmetic, Planted<SlotsReversed>()),
        new("bytes of a slot reversed", "a row starts with its last byte's features", Arithmetic, Planted<BytesOfASlotReversed>()),
        new("stream of the first sequence", "each sequence of a batch gets the first one's stream", [Logits],
            Planted<StreamOfTheFirstSequence>()),
        new("pad before features", "the zeros of a row come first", Arithmetic, Planted<PadBeforeFeatures>()),
        new("prefix rows empty", "prefix rows hold no features", Arithmetic, Planted<PrefixRowsEmpty>()),
        new("last two bytes forgotten at a chunk border", "each call's stream starts a run", [LogitsStepwise, FrontDoor],
            Plant.InOperations(_ => new StreamTailForgotten(remembered: 0))),
        new("second-last byte forgotten at a chunk border", "only one byte of the tail is used", [LogitsStepwise, FrontDoor],
            Plant.InOperations(_ => new StreamTailForgotten(remembered: 1))),
        new("stream tail swapped", "the last two bytes are handed on in the wrong order", Carrying, Planted<StreamTailSwapped>()),
        new("each call's first byte taken for the first", "its boundary is divided by five", [LogitsStepwise, FrontDoor],
            Planted<EveryCallStartsTheBoundary>()),
    ];

    private static IEnumerable<Mutant> Doors() =>
    [
        new("bytes of a projected slot reversed", "a slot's last byte is multiplied by its first byte's weights", Arithmetic,
            Planted<BytesOfASlotReversed>()) { Model = SoundModel.Projected },
        new("projected slots reversed", "the last slot is the first row", Arithmetic, Planted<SlotsReversed>())
        {
            Model = SoundModel.Projected,
        },
        new("embedded slots summed", "a slot is the sum of its bytes' rows", Arithmetic,
            Plant.InOperations(_ => new ChangedConstant(path => path == "door.prefix", "share", _ => [1])))
        {
            Model = SoundModel.Embedded,
        },
        new("table of another seed", "the permuted table is that of another seed", [ValueTable],
            Plant.InOperations(_ => new ChangedConstant(path => path == "door", "substrate_table",
                _ => [.. SubstrateTables.Permuted(4).Select(value => (double)value)]))) { Model = SoundModel.Permuted },
        new("neighbours from the permuted table", "what depends on neighbours is read from the substrate's table, too", Arithmetic,
            Planted<NeighboursFromTheSubstrate>()) { Model = SoundModel.Permuted },
        .. ((string[])["portable", "fp32"]).SelectMany(DoorsOf),
    ];

    private static IEnumerable<Mutant> DoorsOf(string variant) =>
    [
        new($"projection a feature late, {variant}", "stream bytes are projected by their neighbours' weights", Weights,
            InParameter("door.bytes.weight", (weights, _) => Rotated(weights))) { Model = SoundModel.Projected, Variant = variant },
        new($"bias of the other projection, {variant}", "stream rows have the bias of slots", Weights,
            InParameter("door.bytes.bias", (_, sound) => sound("door.slots.bias"))) { Model = SoundModel.Projected, Variant = variant },
        new($"embedding of the next byte, {variant}", "a byte has the row of the next one", Weights,
            InParameter(DoorConfig.EmbeddingTable, (rows, _) => [.. rows[64..], .. rows[..64]]))
        {
            Model = SoundModel.Embedded,
            Variant = variant,
        },
        new($"learned table turned, {variant}", "each column has the values of the one before", Weights,
            InParameter(DoorConfig.LearnedTable, (table, _) => Rotated(table))) { Model = SoundModel.LearnedTable, Variant = variant },
        new($"manifest of another seed, {variant}", "the manifest's substrate is drawn from another seed", [ValueTable],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { Model = manifest.Model with { SubstrateSeed = 4 } })))
        {
            Model = SoundModel.Permuted,
            Variant = variant,
        },
        new($"manifest of the zero door, {variant}", "a projection's manifest says zero", [Structure],
            Plant.InFolder(folder => FolderEdits.Manifest(folder, manifest =>
                manifest with { Model = manifest.Model with { Door = "zero" } })))
        {
            Model = SoundModel.Projected,
            Variant = variant,
        },
    ];

    private static Plant InParameter(string parameter, Func<float[], Func<string, float[]>, float[]> wrong) =>
        Plant.InWeights((name, sound) => name == parameter ? wrong(sound(name), sound) : sound(name));

    private static float[] Rotated(float[] weights) => [weights[^1], .. weights[..^1]];

    private static IEnumerable<Mutant> Positions() =>
    [
        new("rope off by one", "rotary positions start at 1", [State], Planted<RopeFromOne>()),
        new("rope of queries off by one", "queries stand one position later than their keys", Arithmetic, Planted<RopeOfQueriesOffByOne>()),
        new("rope restarted at the stream", "the first stream byte has rotary position 0", Arithmetic, Planted<RopeRestartsAtTheStream>()),
        new("rope restarted at each call", "each call's first row has rotary position 0", [LogitsStepwise],
            Planted<RopeRestartsAtEachCall>()),
        new("rope base 1000", "rotary angles of base 1,000", Arithmetic, Plant.InOperations(_ => new RopeOfBase(1000))),
        new("rope table of 128 rows", "later rows have the last one's angles", Arithmetic,
            Plant.InOperations(_ => new RopeTableTooShort(128))),
        new("mask off by one", "a row attends to the row after it", Arithmetic,
            Plant.InOperations(_ => new RowComparison(which: 0, offset: 1))),
        new("prefix made bidirectional", "a causal artifact's prefix rows see the whole prefix", Arithmetic, Planted<PrefixSeesAll>()),
        new("prefix made causal", "a bidirectional artifact's prefix rows see only the past", Arithmetic, Planted<PrefixSeesThePast>())
        {
            Model = SoundModel.TinyBidirectional,
        },
        new("restarted positions run on", "positions that should start again with the stream do not", Arithmetic,
            Plant.InOperations(_ => new RestartsLate(late: null))) { Model = SoundModel.TinyRestarted },
        new("positions restarted a row late", "the stream's second row has position 0", Arithmetic,
            Plant.InOperations(_ => new RestartsLate(late: 1))) { Model = SoundModel.TinyRestarted },
        new("stream start forgotten", "each call knows of its own prefix slots alone", [LogitsStepwise],
            Planted<StreamStartForgotten>()) { Model = SoundModel.TinyRestarted },
        new("everything else, positions run on", "positions of a bidirectional prefix and a stream with an origin do not start again",
            Arithmetic, Plant.InOperations(_ => new RestartsLate(late: null))) { Model = SoundModel.TinyOtherwise },
        new("position not advanced", "the position is handed on as it came", [State, LogitsStepwise], Planted<PositionNotAdvanced>()),
        new("head of the wrong rows", "logits are those of the first rows, prefix included", [Logits], Planted<HeadOfTheFirstRows>()),
    ];

    private static IEnumerable<Mutant> Attention() =>
    [
        new("qkv order", "a row of 3d is taken for q, v, k", Arithmetic, Plant.InOperations(_ => new QkvInOrder(0, 2, 1))),
        new("qkv by head", "a row of 3d is taken for [H, 3, k]", Arithmetic, Plant.InOperations(config => new QkvByHead(config.Heads))),
        new("q and k swapped", "queries and keys of the self blocks change places", Arithmetic, Planted<QueriesAndKeysSwapped>()),
        new("interleaved rope", "rope turns neighbours instead of halves", Arithmetic, Planted<InterleavedRope>()),
        new("rope backwards", "rope turns by the negative angle", Arithmetic, Planted<RopeBackwards>()),
        new("missing 1/sqrt(k)", "scores are not scaled", Arithmetic, Scale(factor: 4)),
        new("scale of the model's width", "scores are scaled by 1/sqrt(d)", Arithmetic, Scale(factor: 0.5)),
        new("softmax over queries", "softmax runs along the wrong axis", Arithmetic, Planted<SoftmaxOverQueries>()),
        new("heads merged in place", "heads are put side by side without a transposition", Arithmetic, Planted<HeadsMergedInPlace>()),
    ];

    private static IEnumerable<Mutant> Memories() =>
    [
        new("gate without tanh", "the stored gate is multiplied in as it is", Arithmetic, Planted<GateWithoutTanh>()),
        new("gate of the first layer", "every memory has the first one's gate", Weights,
            Plant.InWeights((name, sound) => sound(name == "mem_blocks.1.gate" ? "mem_blocks.0.gate" : name))),
        new("memory reads before it writes", "a row does not see itself in the memory", Arithmetic,
            Plant.InOperations(_ => new RowComparison(which: 1, offset: -1))),
        new("z without the current key", "the denominator lacks the row's own key", Arithmetic, Memory(MemoryFault.ZWithoutTheCurrentKey)),
        new("eps outside the denominator", "the memory's epsilon is added to the quotient", Arithmetic, Memory(MemoryFault.EpsilonOutside))
        {
            Model = SoundModel.Faint,
        },
        new("memory eps 1e-5", "the memory has the LayerNorm's epsilon", Arithmetic,
            Constant(path => path.EndsWith(".memory", StringComparison.Ordinal), "epsilon", _ => [1e-5]))
        {
            Model = SoundModel.Faint,
        },
        new("phi without exponential", "phi is max(x, 0) + 1", Arithmetic, Planted<PhiWithoutExponential>()),
        new("memory without residual", "the memory's output replaces its input", Arithmetic, Planted<MemoryWithoutResidual>()),
    ];

    private static IEnumerable<Mutant> Blocks() =>
    [
        new("tanh-GELU for erf", "GELU by the tanh formula", Arithmetic, Planted<TanhGelu>()),
        new("eps 1e-6", "every LayerNorm has epsilon 1e-6", Arithmetic, Plant.InOperations(_ => new LayerNormEpsilon(1e-6))),
        new("norm1 and norm2 swapped", "the LayerNorms of a self block change places", Arithmetic, Planted<NormsSwapped>()),
        new("LayerNorm without bias", "norm2 of the first layer lacks its bias", Weights, Zeroed("self_blocks.0.norm2.bias")),
        new("ff.3 bias dropped", "the feed-forward of the last layer lacks its last bias", Weights, Zeroed("self_blocks.1.ff.3.bias")),
        new("projection not transposed", "the attention's projection is multiplied in as stored", Arithmetic,
            Planted<AttentionProjectionUntransposed>()),
        new("final norm dropped", "the head gets rows that are not normed", [Logits], Planted<FinalNormDropped>()),
        new("MASK and EOS swapped", "the last two biases of the head change places", Weights,
            Plant.InWeights((name, sound) =>
                name == "head.bias" && sound(name) is var bias ? [.. bias[..256], bias[257], bias[256]] : sound(name))),
        new("weights rounded to float16", "every weight went through float16", Weights,
            Plant.InWeights((name, sound) => [.. sound(name).Select(weight => (float)(Half)weight)])),
    ];

    private static IEnumerable<Mutant> Carried() =>
    [
        new("S not carried", "S holds the last call's rows only", Carrying, Memory(MemoryFault.SNotCarried)),
        new("z not carried", "z holds the last call's rows only", Carrying, Memory(MemoryFault.ZNotCarried)),
        new("two layers' caches swapped", "each layer hands its keys on as the other's", Carrying,
            Plant.InFolder(folder => FolderEdits.Graph(folder, graph =>
                FolderEdits.SwapOutputs(graph, "present.self_blocks.0.k", "present.self_blocks.1.k")))),
        new("keys cached unrotated", "new keys go to the cache before rope", Carrying, Planted<KeysCachedUnrotated>()),
        new("keys cached in float16", "the cache of keys goes through float16", Carrying, Planted<KeysCachedInFloat16>()),
        new("values of the previous layer", "a layer hands on the values of the layer before it", Carrying,
            Planted<ValuesOfThePreviousLayer>()),
    ];

    private static Plant Planted<T>() where T : FaultyOps, new() => Plant.InOperations(_ => new T());

    private static Plant Memory(MemoryFault fault) => Plant.InOperations(_ => new FaultyMemory(fault));

    private static Plant Constant(Func<string, bool> path, string name, Func<double[], double[]> change) =>
        Plant.InOperations(_ => new ChangedConstant(path, name, change));

    private static Plant InDoor(string name, double value) =>
        Constant(path => path.StartsWith("door.", StringComparison.Ordinal), name, _ => [value]);

    private static Plant Scale(double factor) =>
        Constant(path => path.EndsWith(".attention", StringComparison.Ordinal), "scale", scale => [scale[0] * factor]);

    private static Plant Table(Action<double[]> change) => Constant(path => path == "door", "value_table", values =>
    {
        var table = (double[])values.Clone();
        change(table);
        return table;
    });

    private static Plant EachRow(Action<double[], int> change) => Table(table =>
    {
        for (var value = 0; value < 256; value++)
        {
            var row = Row(value);
            change(row, value);
            row.CopyTo(table, value * HslFrontDoor.ValueColumns);
        }
    });

    private static double[] Row(int value) =>
        HslFrontDoor.ValueTableAsDouble()[(value * HslFrontDoor.ValueColumns)..((value + 1) * HslFrontDoor.ValueColumns)];

    private static ArtifactManifest.StateInfo[] Crossed(IReadOnlyList<ArtifactManifest.StateInfo> state)
    {
        ArtifactManifest.StateInfo Of(string name) => state.Single(piece => piece.Past.Name == $"past.self_blocks.0.{name}");
        var (keys, values) = (Of("k"), Of("v"));
        return [.. state.Select(piece => piece == keys ? keys with { Present = values.Present }
            : piece == values ? values with { Present = keys.Present } : piece)];
    }

    private static Plant Zeroed(string parameter) =>
        Plant.InWeights((name, sound) => name == parameter ? new float[sound(name).Length] : sound(name));
}
