using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;

namespace HoloZero.Onnx;

/// <summary>How the elements of a parameter lie in an initializer.</summary>
[JsonConverter(typeof(WeightLayoutJsonConverter))]
public enum WeightLayout
{
    /// <summary>As in a checkpoint, row-major.</summary>
    Checkpoint,

    /// <summary>A matrix with its axes changed: [in, out].</summary>
    Transposed,

    /// <summary>The codes of a MatMulNBits, which has scales and zero points beside them.</summary>
    Blocks,

    /// <summary>The codes [in, out] of a MatMulIntegerToFloat, which has a scale for each column beside them.</summary>
    Columns,
}

/// <summary>Rows that were put into a Linear, a one in the bias and zeros otherwise, so that its product has a column of ones.</summary>
/// <param name="FirstRow">The row from which on they come, at least 0.</param>
/// <param name="Group">Rows of the parameter between two insertions, at least 1; so many are in front of the first.</param>
/// <param name="Extra">Rows of an insertion, at least 1: the first gives the one, the others nothing.</param>
public sealed record OnesRows(int FirstRow, int Group, int Extra);

/// <summary>Where in a graph a parameter of the network is, and what was folded into it.</summary>
/// <param name="Name">Its name in a checkpoint.</param>
/// <param name="Initializer">The initializer that holds its values or codes.</param>
/// <param name="Layout">How they lie there.</param>
public sealed record StoredParameter(string Name, string Initializer, WeightLayout Layout)
{
    /// <summary>The parameter whose tanh every element is multiplied by; null where none is.</summary>
    public string? ScaledByTanhOf { get; init; }

    /// <summary>Rows that are not the parameter's; null where there are none.</summary>
    public OnesRows? Ones { get; init; }

    /// <summary>Element [.., i] is multiplied by 2 to the power of <c>Exponents[i]</c>; null where none is.</summary>
    public IReadOnlyList<int>? Exponents { get; init; }
}

/// <summary>A table that nodes look rows up in.</summary>
/// <param name="Name">What it is a table of: <c>value_table</c>.</param>
/// <param name="Initializer">The initializer that holds it.</param>
public sealed record StoredTable(string Name, string Initializer);

/// <summary>
/// What of the network the initializers of a graph hold, for whoever reads one: their names are for people. It lies in the model's
/// metadata, under <see cref="Key"/>, as JSON. Immutable.
/// </summary>
/// <param name="Parameters">Every parameter that is there, each once.</param>
/// <param name="Tables">Every table.</param>
public sealed record GraphContents(IReadOnlyList<StoredParameter> Parameters, IReadOnlyList<StoredTable> Tables)
{
    /// <summary>Its key in a model's metadata.</summary>
    public const string Key = "holozero.contents";

    /// <summary>Largest size of an exponent: far beyond what evens anything out, and well within float32.</summary>
    public const int LargestExponent = 24;

    private const int LargestNumber = 1 << 24;

    /// <summary>What a model says about itself.</summary>
    /// <param name="model">The model; hostile content is refused.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <returns>Null where it says nothing, as those of earlier releases do not.</returns>
    /// <exception cref="BadInputException">It says something unsound.</exception>
    public static GraphContents? Of(ModelProto model, string path)
    {
        var entries = model.MetadataProps.Where(entry => entry.Key == Key).Take(2).ToArray();
        if (entries.Length == 0) return null;

        try
        {
            if (entries.Length > 1) throw new JsonException("there are two of them");
            var contents = JsonSerializer.Deserialize(entries[0].Value, GraphContentsJson.Default.GraphContents)
                ?? throw new JsonException("it is null");
            return contents.FirstViolation(model.Graph) is { } violation ? throw new JsonException(violation) : contents;
        }
        catch (JsonException e)
        {
            throw new BadInputException(path, $"its {Key} are not sound ({e.Message})", "export the model again", e);
        }
    }

    /// <summary>The same of a model that has to say it.</summary>
    /// <exception cref="BadInputException">It says nothing, or something unsound.</exception>
    public static GraphContents Require(ModelProto model, string path) => Of(model, path)
        ?? throw new BadInputException(path, "it does not say which of its initializers hold which weights: an earlier release wrote it",
            "export the model again");

    /// <summary>The metadata that says it.</summary>
    public StringStringEntryProto ToProto() =>
        new() { Key = Key, Value = JsonSerializer.Serialize(this, GraphContentsJson.Default.GraphContents) };

    private string? FirstViolation(GraphProto graph)
    {
        if (Parameters.Any(parameter => parameter is null) || Tables.Any(table => table is null)) return "an entry is null";

        var initializers = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var stored = Parameters.Select(parameter => parameter.Initializer).Concat(Tables.Select(table => table.Initializer));
        if (stored.FirstOrDefault(name => !initializers.Contains(name)) is { } missing)
            return $"{Untrusted.Quote(missing)} is no initializer";

        var names = new HashSet<string>(StringComparer.Ordinal);
        if (Parameters.FirstOrDefault(parameter => !names.Add(parameter.Name)) is { } twice)
            return $"{Untrusted.Quote(twice.Name)} is there twice";

        return Parameters.FirstOrDefault(parameter => parameter.Ones is { } ones
            && !(InRange(ones.FirstRow, 0) && InRange(ones.Group, 1) && InRange(ones.Extra, 1))) is { } odd
            ? $"the ones of {Untrusted.Quote(odd.Name)} are {odd.Ones}"
            : Parameters.FirstOrDefault(parameter =>
                parameter.Exponents?.Any(exponent => exponent is < -LargestExponent or > LargestExponent) == true) is { } far
                ? $"an exponent of {Untrusted.Quote(far.Name)} is beyond {LargestExponent}" : null;

        static bool InRange(int number, int least) => number >= least && number <= LargestNumber;
    }
}

internal sealed class WeightLayoutJsonConverter()
    : JsonStringEnumConverter<WeightLayout>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GraphContents))]
internal sealed partial class GraphContentsJson : JsonSerializerContext;
