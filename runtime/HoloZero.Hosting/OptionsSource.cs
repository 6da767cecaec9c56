using System.Reflection;
using HoloZero.Artifacts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace HoloZero.Hosting;

/// <summary>Where the options of a model come from, so that messages can name it.</summary>
/// <param name="model">The model's name.</param>
/// <param name="path">Path of its section.</param>
internal sealed class OptionsSource(string model, string path) : IValidateOptions<HoloZeroOptions>
{
    private static readonly Dictionary<string, PropertyInfo> Properties =
        typeof(HoloZeroOptions).GetProperties().ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The full configuration key of an option.</summary>
    public string Key(string option) => path.Length == 0 ? option : ConfigurationPath.Combine(path, option);

    /// <summary>
    /// Sets what a section says. The framework's binder would name neither an unknown key in full nor what may stand there, and makes zero
    /// of a null.
    /// </summary>
    /// <exception cref="BadInputException">A key is unknown, or its value is of another type.</exception>
    public static void Bind(IConfiguration section, HoloZeroOptions options)
    {
        foreach (var value in section.GetChildren())
        {
            if (!Properties.TryGetValue(value.Key, out var property))
            {
                throw new BadInputException(value.Path, "is no option of a model",
                    $"remove it; there are {string.Join(", ", Properties.Keys.Order(StringComparer.Ordinal))}");
            }

            if (value.GetChildren().Any())
                throw new BadInputException(value.Path, "is a section", $"give it one value of type {Kind(property)}");
            if (value.Value is null) continue;
            try
            {
                property.SetValue(options, value.Get(property.PropertyType));
            }
            catch (InvalidOperationException e)
            {
                throw new BadInputException(value.Path, $"{Untrusted.Quote(value.Value)} is not of type {Kind(property)}",
                    "correct it, or leave it out for the default", e);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BadInputException">An option is missing or out of range.</exception>
    public ValidateOptionsResult Validate(string? name, HoloZeroOptions options)
    {
        if (!string.Equals(name, model, StringComparison.Ordinal)) return ValidateOptionsResult.Skip;
        options.Validate(this);
        return ValidateOptionsResult.Success;
    }

    private static string Kind(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return type.IsEnum ? string.Join(" or ", Enum.GetNames(type)) : type.Name;
    }
}
