namespace HoloZero.Models;

public static partial class HslFrontDoor
{
    /// <summary>Features of a byte.</summary>
    public const int FeatureCount = 27;
}
