using System.Text.Json;
using System.Text.Json.Serialization;

namespace HoloZero.Artifacts;

/// <summary>One axis of a graph input or output: a fixed length, or the name of a length that each call chooses.</summary>
[JsonConverter(typeof(DimensionJsonConverter))]
public readonly record struct Dimension
{
    private Dimension(long? length, string? name) => (Length, Name) = (length, name);

    /// <summary>The fixed length; null where the axis is symbolic.</summary>
    public long? Length { get; }

    /// <summary>The name of the length; null where the axis is fixed.</summary>
    public string? Name { get; }

    /// <summary>A fixed axis.</summary>
    public static implicit operator Dimension(long length) => new(length, null);

    /// <summary>A symbolic axis.</summary>
    public static implicit operator Dimension(string name) => new(null, name);

    /// <inheritdoc/>
    public override string ToString() => Name ?? Length.ToString()!;
}

internal sealed class DimensionJsonConverter : JsonConverter<Dimension>
{
    public override Dimension Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number when reader.TryGetInt64(out var length) && length >= 0 => length,
        _ => throw new JsonException("an axis is a length or a name"),
    };

    public override void Write(Utf8JsonWriter writer, Dimension value, JsonSerializerOptions options)
    {
        if (value.Length is { } length) writer.WriteNumberValue(length);
        else writer.WriteStringValue(value.Name);
    }
}
