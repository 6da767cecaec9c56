using System.Globalization;

namespace HoloZero.Runtime;

/// <summary>
/// How much memory states may take where nobody says: three quarters of what is left where they lie, since a call computes with the rest.
/// </summary>
internal static class StateBudget
{
    /// <summary>The budget of a graph that is loaded, weights and all.</summary>
    /// <param name="options">How it was loaded.</param>
    /// <param name="device">The device that its states lie on; null where they are the host's.</param>
    /// <param name="weightBytes">Bytes that its weights take there.</param>
    /// <exception cref="Artifacts.MissingCapabilityException">The device does not tell how much it has.</exception>
    public static long Of(ModelOptions options, IDeviceCopies? device, long weightBytes)
    {
        if (options.MaxStateBytes is { } asked) return asked;
        var left = device is null ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
            : Limit(options) is { } limit ? Math.Max(0, limit - weightBytes)
            : device.FreeBytes();
        return left / 4 * 3;
    }

    /// <summary>What its arena may take, by whichever option says so.</summary>
    private static long? Limit(ModelOptions options) =>
        ProviderSettings.Cuda(options).TryGetValue(ProviderSettings.CudaLimit, out var limit)
            && long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : null;
}
