using System.Globalization;
using System.Numerics;
using HoloZero.Artifacts;

namespace HoloZero.Server;

/// <summary>The fields of a query, each once; what nobody asked for is refused. Not thread-safe.</summary>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly HashSet<string> _asked = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Text that is not empty; null where it is not given.</summary>
    public string? Text(string name)
    {
        _asked.Add(name);
        return query[name] switch
        {
            [] => null,
            [{ Length: > 0 } one] => one,
            [_] => throw Invalid(name, "is empty"),
            _ => throw Invalid(name, "is given more than once"),
        };
    }

    /// <summary>A number.</summary>
    public double? Number(string name) => Text(name) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : throw Invalid(name, $"{Untrusted.Quote(text)} is no number");

    /// <summary>A whole number within a range.</summary>
    public T? Whole<T>(string name, T least, T most)
        where T : struct, IBinaryInteger<T>
    {
        if (Text(name) is not { } text) return null;
        return T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            && whole >= least && whole <= most ? whole
            : throw Invalid(name, $"{Untrusted.Quote(text)} is no whole number within {least} to {most}");
    }

    /// <summary>Whether it is given as true, or given without a value as a program's switch is.</summary>
    public bool Flag(string name)
    {
        if (query[name] is [""])
        {
            _asked.Add(name);
            return true;
        }

        return Text(name) switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw Invalid(name, "is neither true nor false"),
        };
    }

    /// <summary>Bytes in hexadecimal, any number of times.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Hex(string name)
    {
        _asked.Add(name);
        return [.. query[name].Select(text => text is { Length: > 0 } && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit)
            ? (ReadOnlyMemory<byte>)Convert.FromHexString(text) : throw Invalid(name, "is not pairs of hexadecimal digits, such as 0d0a"))];
    }

    /// <summary>Refuses all fields that nobody asked for.</summary>
    public void RefuseOthers()
    {
        if (query.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
        {
            throw ApiException.Invalid(Untrusted.Cut(unknown), $"{Untrusted.Quote(unknown)} is no option of this endpoint; leave it out",
                "unknown_parameter");
        }
    }

    /// <summary>An error about a field.</summary>
    public ApiException Invalid(string name, string what) => ApiException.Invalid(name, $"{name} {what}");
}
