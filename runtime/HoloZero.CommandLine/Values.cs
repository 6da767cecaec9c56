using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using HoloZero.Artifacts;

namespace HoloZero.CommandLine;

/// <summary>Options whose values are read the same way on every machine, and refused in words that do not name .NET types.</summary>
public static class Values
{
    /// <summary>A number with a decimal point, or nothing.</summary>
    public static Option<double?> Number(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "number",
        CustomParser = result => Parse<double>(result, NumberStyles.Float, "a number such as 0.7"),
    };

    /// <summary>A whole number, or nothing.</summary>
    public static Option<T?> Whole<T>(string name, string description) where T : struct, IBinaryInteger<T> => new(name)
    {
        Description = description,
        HelpName = "n",
        CustomParser = result => Parse<T>(result, NumberStyles.AllowLeadingSign,
            BigInteger.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
                ? $"within {T.CreateSaturating(0)} to {T.CreateSaturating(ulong.MaxValue)}" : "a whole number such as 200"),
    };

    /// <summary>Bytes in hexadecimal, at least one; empty where the option is not given.</summary>
    public static Option<byte[]> Hex(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "hex",
        CustomParser = result => Bytes(result).FirstOrDefault() ?? [],
    };

    /// <summary>The same, any number of times.</summary>
    public static Option<byte[][]> HexList(string name, string description) => new(name)
    {
        Description = $"{description}; may be repeated",
        HelpName = "hex",
        Arity = ArgumentArity.ZeroOrMore,
        CustomParser = Bytes,
    };

    /// <summary>One of the names of an enumeration in lower case, never a number.</summary>
    public static Option<T> Choice<T>(string name, string description, T otherwise) where T : struct, Enum => new(name)
    {
        Description = $"{description} [{Name(otherwise)}]",
        HelpName = string.Join('|', Enum.GetValues<T>().Select(Name)),
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            foreach (var value in Enum.GetValues<T>())
                if (string.Equals(Name(value), text, StringComparison.OrdinalIgnoreCase)) return value;
            result.AddError($"{name}: {Untrusted.Quote(text)} is unknown; "
                + $"choose from {string.Join(", ", Enum.GetValues<T>().Select(Name))}.");
            return otherwise;
        },
    };

    private static byte[][] Bytes(ArgumentResult result)
    {
        var read = new List<byte[]>();
        foreach (var token in result.Tokens)
        {
            if (IsHex(token.Value)) read.Add(Convert.FromHexString(token.Value));
            else result.AddError($"{OptionOf(result)}: {Untrusted.Quote(token.Value)} is not pairs of hexadecimal digits, such as 0d0a.");
        }

        return [.. read];
    }

    private static bool IsHex(string text) => text.Length > 0 && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit);

    private static string OptionOf(ArgumentResult result) => result.Parent is OptionResult parent ? parent.Option.Name : "value";

    private static string Name<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static T? Parse<T>(ArgumentResult result, NumberStyles styles, string allowed) where T : struct, INumber<T>
    {
        var text = result.Tokens[0].Value;
        if (T.TryParse(text, styles, CultureInfo.InvariantCulture, out var value)) return value;
        result.AddError($"{OptionOf(result)}: {Untrusted.Quote(text)} is not {allowed}.");
        return null;
    }
}
