using System.Security.Cryptography;
using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Where TensorRT's engines are kept: a folder for everything that an engine is bound to, so that none is ever taken for another's.
/// </summary>
internal static class EngineCache
{
    /// <summary>The name of the folder.</summary>
    /// <param name="graphSha256">Of the graph and of its weights.</param>
    /// <param name="device">The card and its driver, in words.</param>
    /// <param name="versions">Of what builds and loads it.</param>
    /// <param name="settings">What the provider is told; where its folders lie does not count.</param>
    public static string Key(IEnumerable<string> graphSha256, string device, string versions, IReadOnlyDictionary<string, string> settings)
    {
        var parts = graphSha256.Append(device).Append(versions).Concat(settings.OrderBy(setting => setting.Key, StringComparer.Ordinal)
            .Where(setting => !setting.Key.EndsWith("_path", StringComparison.Ordinal))
            .Select(setting => $"{setting.Key}={setting.Value}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))))[..16];
    }

    /// <summary>Makes the folder.</summary>
    /// <exception cref="BadInputException">It cannot be made.</exception>
    public static string Make(string root, string key)
    {
        var folder = Path.Combine(root, key);
        try
        {
            Directory.CreateDirectory(folder);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new BadInputException("engine cache", $"{Untrusted.Quote(folder)} cannot be made ({e.Message})", "name another folder",
                e);
        }
    }

    /// <summary>The cards and the driver as Linux tells them; empty where there are none.</summary>
    public static string Devices()
    {
        const string driver = "/proc/driver/nvidia";
        if (!Directory.Exists(driver)) return "";
        var files = Directory.EnumerateFiles(driver, "information", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Append(Path.Combine(driver, "version")).Where(File.Exists);
        return string.Join('\n', files.SelectMany(File.ReadLines)
            .Where(line => line.StartsWith("Model", StringComparison.Ordinal) || line.Contains("version", StringComparison.Ordinal)));
    }
}
