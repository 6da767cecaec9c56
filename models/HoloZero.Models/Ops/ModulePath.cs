namespace HoloZero.Models.Ops;

/// <summary>Dotted names of modules and parameters, <c>self_blocks.0.qkv.weight</c>.</summary>
public static class ModulePath
{
    /// <summary><paramref name="name"/> below <paramref name="path"/>.</summary>
    public static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary><paramref name="name"/> beside <paramref name="path"/>.</summary>
    public static string Beside(string path, string name) => Join(path[..Math.Max(0, path.LastIndexOf('.'))], name);
}
