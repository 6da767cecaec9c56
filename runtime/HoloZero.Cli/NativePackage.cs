using System.Text.Json;

namespace HoloZero.Cli;

/// <summary>Where native libraries came from, as the file tells that the build wrote for the host that starts this program.</summary>
internal static class NativePackage
{
    /// <summary>The NuGet package that brought ONNX Runtime's native library; null without that file.</summary>
    public static string? OfOnnxRuntime() => Of((string)AppContext.GetData("APP_CONTEXT_DEPS_FILES")!, "onnxruntime");

    /// <param name="files">Dependency files, semicolons between them.</param>
    /// <param name="library">A native library's name without the system's prefix and ending.</param>
    internal static string? Of(string? files, string library)
    {
        foreach (var file in (files ?? "").Split(';').Where(File.Exists))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var target in json.RootElement.GetProperty("targets").EnumerateObject())
            {
                foreach (var package in target.Value.EnumerateObject().Where(package => Brings(package.Value, library)))
                    return package.Name.Split('/')[0];
            }
        }

        return null;
    }

    // Assets of one system stand under "native" once a runtime is chosen, under "runtimeTargets" before.
    private static bool Brings(JsonElement package, string library) => ((string[])["native", "runtimeTargets"])
        .Where(kind => package.TryGetProperty(kind, out _)).SelectMany(kind => package.GetProperty(kind).EnumerateObject())
        .Any(asset => Path.GetFileNameWithoutExtension(asset.Name) is var name && (name == library || name == $"lib{library}"));
}
