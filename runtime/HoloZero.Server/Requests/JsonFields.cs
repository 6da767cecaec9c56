using System.Globalization;
using System.Text;
using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Server;

/// <summary>
/// The fields of a JSON object, each asked for by name; null is as if it were not there. What nobody asked for is refused at the end, so
/// that no field is silently without effect. Not thread-safe.
/// </summary>
internal sealed class JsonFields
{
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly string _path;

    /// <param name="root">The object.</param>
    /// <param name="path">Where it stands in the body, with a dot behind it; "" for the body itself.</param>
    public JsonFields(JsonElement root, string path = "")
    {
        _path = path;
        foreach (var field in root.EnumerateObject())
        {
            if (field.Value.ValueKind != JsonValueKind.Null) _fields[field.Name] = field.Value;
        }
    }

    /// <summary>The value of a field; null where it is not given.</summary>
    public JsonElement? Get(string name)
    {
        _asked.Add(name);
        return _fields.TryGetValue(name, out var value) ? value : null;
    }

    /// <summary>Takes fields that are without meaning here and harmless.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names) _asked.Add(name);
    }

    /// <summary>Refuses a field that this service cannot serve.</summary>
    public void Refuse(string name, string why)
    {
        if (Get(name) is not null) throw Invalid(name, $"is not supported: {why}", "unsupported_parameter");
    }

    /// <summary>Refuses all fields that nobody asked for.</summary>
    public void RefuseOthers()
    {
        if (_fields.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
        {
            throw ApiException.Invalid(_path + Untrusted.Cut(unknown),
                $"{_path}{Untrusted.Quote(unknown)} is no field that this service knows; leave it out", "unknown_parameter");
        }
    }

    /// <summary>Text; null where it is not given.</summary>
    public string? Text(string name) => Get(name) is { } value ? Text(name, value) : null;

    /// <summary>Text that is an element of a field: whole characters, no half surrogate pair.</summary>
    public string Text(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) throw Invalid(name, "is no text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid(name, "has half a surrogate pair; send arbitrary bytes as an array of whole numbers 0 to 255");
        }
    }

    /// <summary>Text as UTF-8.</summary>
    public byte[] Utf8(string name, JsonElement value) => Encoding.UTF8.GetBytes(Text(name, value));

    /// <summary>True or false.</summary>
    public bool? Flag(string name) => Get(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Invalid(name, "is neither true nor false"),
    };

    /// <summary>A number within a range.</summary>
    public double? Number(string name, double least, double most)
    {
        if (Get(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number)) throw Invalid(name, "is no number");
        return number >= least && number <= most ? number : throw OutOfRange(name, value.GetRawText(), least, most);
    }

    /// <summary>A whole number within a range.</summary>
    public long? Whole(string name, long least, long most)
    {
        if (Get(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number) throw Invalid(name, "is no whole number");
        if (!value.TryGetInt64(out var whole))
        {
            // 16.0 is one, too.
            if (!value.TryGetDouble(out var number) || number != Math.Floor(number)) throw Invalid(name, "is no whole number");
            if (!(Math.Abs(number) < 1L << 53)) throw OutOfRange(name, value.GetRawText(), least, most);
            whole = (long)number;
        }

        return whole >= least && whole <= most ? whole : throw OutOfRange(name, value.GetRawText(), least, most);
    }

    /// <summary>One run of bytes: text, or an array of whole numbers 0 to 255.</summary>
    public byte[] Bytes(string name, JsonElement value, int most)
    {
        var bytes = value.ValueKind switch
        {
            JsonValueKind.String => Utf8(name, value),
            JsonValueKind.Array => Numbers(name, value),
            _ => throw Invalid(name, "is neither text nor an array of whole numbers 0 to 255"),
        };
        return bytes.Length <= most ? bytes
            : throw Invalid(name, string.Create(CultureInfo.InvariantCulture, $"has {bytes.Length:N0} bytes, allowed are {most:N0}"),
                "too_long");
    }

    /// <summary>An error about a field.</summary>
    public ApiException Invalid(string name, string what, string? code = null) =>
        ApiException.Invalid(_path + name, $"{_path}{name} {what}", code);

    private byte[] Numbers(string name, JsonElement array)
    {
        var bytes = new byte[array.GetArrayLength()];
        var i = 0;
        foreach (var item in array.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetByte(out bytes[i++]))
                throw Invalid(name, "has an item that is no byte: whole numbers 0 to 255 are");
        }

        return bytes;
    }

    private ApiException OutOfRange(string name, string actual, double least, double most) => Invalid(name,
        string.Create(CultureInfo.InvariantCulture, $"is {Untrusted.Cut(actual)}, allowed are {least} to {most}"), "out_of_range");
}
