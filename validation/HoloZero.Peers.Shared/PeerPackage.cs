using System.Text.Json;

namespace HoloZero.Peers;

/// <summary>The packages that a program was built with. Their assemblies do not say their versions; the program's own list does.</summary>
internal static class PeerPackage
{
    public static string VersionOf(string name)
    {
        var path = ((string)AppContext.GetData("APP_CONTEXT_DEPS_FILES")!).Split(';')[0];
        using var list = JsonDocument.Parse(File.ReadAllText(path));
        return list.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/'))
            .First(library => library[0] == name)[1];
    }
}
