using HoloZero.Artifacts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace HoloZero.Hosting;

/// <summary>Where the options of a model come from, so that messages can name it.</summary>
/// <param name="model">The model's name.</param>
/// <param name="path">Path of its section.</param>
internal sealed class OptionsSource(string model, string path) : IValidateOptions<HoloZeroOptions>
{
    /// <summary>The full configuration key of an option.</summary>
    public string Key(string option) => path.Length == 0 ? option : ConfigurationPath.Combine(path, option);

    /// <inheritdoc/>
    /// <exception cref="BadInputException">An option is missing or out of range.</exception>
    public ValidateOptionsResult Validate(string? name, HoloZeroOptions options)
    {
        if (!string.Equals(name, model, StringComparison.Ordinal)) return ValidateOptionsResult.Skip;
        options.Validate(this);
        return ValidateOptionsResult.Success;
    }
}
