using System.Reflection;
using HoloZero.Artifacts;
using Microsoft.Extensions.Configuration;

namespace HoloZero.Hosting;

/// <summary>
/// Options from a section of the configuration. The framework's binder would name neither an unknown key in full nor what may stand there,
/// and makes zero of a null. Stateless and thread-safe.
/// </summary>
public static class SectionBinding
{
    /// <summary>Sets the properties that the section has keys for; a key whose value is null is as if it were not there.</summary>
    /// <typeparam name="T">Whose writable properties are the keys.</typeparam>
    /// <param name="section">
    /// Keys are the names of properties, in any case; a list's items and a map's entries are keys below its own.
    /// </param>
    /// <param name="options">What to set.</param>
    /// <param name="owner">Whose options they are, for messages: <c>a model</c>.</param>
    /// <exception cref="BadInputException">A key is unknown, or its value is of another type; the message names it in full.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="section"/> is null.</exception>
    public static void Bind<T>(IConfiguration section, T options, string owner)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(section);
        var properties = typeof(T).GetProperties().Where(property => property.CanWrite)
            .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var value in section.GetChildren())
        {
            if (!properties.TryGetValue(value.Key, out var property))
            {
                throw new BadInputException(value.Path, $"is no option of {owner}",
                    $"remove it; there are {string.Join(", ", properties.Keys.Order(StringComparer.Ordinal))}");
            }

            var isList = property.PropertyType.IsArray;
            var isMap = property.PropertyType == typeof(IDictionary<string, string>);
            if (!isList && !isMap && value.GetChildren().Any())
                throw new BadInputException(value.Path, "is a section", $"give it one value of type {Kind(property)}");
            if (isList && !string.IsNullOrEmpty(value.Value))
                throw new BadInputException(value.Path, "is one value", $"give it a list: {value.Path}:0 and so on");
            if (isMap && !string.IsNullOrEmpty(value.Value))
                throw new BadInputException(value.Path, "is one value", $"give it keys of its own: {value.Path}:name");
            if (!isList && !isMap && value.Value is null) continue;
            try
            {
                // Of a list without items the binder makes nothing, as of an empty value.
                property.SetValue(options, value.Get(property.PropertyType)
                    ?? (isList ? Array.CreateInstance(property.PropertyType.GetElementType()!, 0)
                        : isMap ? new Dictionary<string, string>() : null));
            }
            catch (InvalidOperationException e)
            {
                throw new BadInputException(value.Path, $"{Untrusted.Quote(value.Value ?? "")} is not of type {Kind(property)}",
                    "correct it, or leave it out for the default", e);
            }
        }
    }

    private static string Kind(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return type.IsEnum ? string.Join(" or ", Enum.GetNames(type)) : type.Name;
    }
}
