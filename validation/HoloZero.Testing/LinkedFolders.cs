using System.Security.Cryptography;

namespace HoloZero.Testing;

/// <summary>How other programs lay out a folder whose files they keep elsewhere: every file of it becomes a link.</summary>
public static class LinkedFolders
{
    /// <summary>The layouts.</summary>
    public static IReadOnlyList<string> Layouts { get; } = ["hub", "dvc", "configmap", "folder"];

    /// <summary>Moves the files of <paramref name="folder"/> as that layout has it, and returns the folder to open.</summary>
    /// <param name="layout">One of <see cref="Layouts"/>.</param>
    /// <param name="folder">A folder of files alone.</param>
    /// <param name="outside">An empty folder for what lies elsewhere.</param>
    public static string Arrange(string layout, string folder, string outside)
    {
        switch (layout)
        {
            // Hugging Face: snapshots/REVISION/NAME -> ../../blobs/SHA, all blobs in one folder.
            case "hub":
                Link(folder, name => Path.Combine(outside, "blobs", Hash(name)), relative: true);
                return folder;

            // DVC and git-annex: one folder for each hash, absolute links.
            case "dvc":
                Link(folder, name => Path.Combine(outside, "files", "md5", Hash(name)[..2], Hash(name)[2..]), relative: false);
                return folder;

            // Kubernetes: NAME -> ..data/NAME, ..data -> ..DATE, all within the folder.
            case "configmap":
                const string dated = "..2026_11_28_04_00_00.1";
                Link(folder, name => Path.Combine(folder, dated, name), relative: true);
                Directory.CreateSymbolicLink(Path.Combine(folder, "..data"), dated);
                foreach (var file in Directory.GetFiles(folder))
                {
                    File.Delete(file);
                    File.CreateSymbolicLink(file, Path.Combine("..data", Path.GetFileName(file)));
                }

                return folder;

            // The folder itself, over two links.
            case "folder":
                Directory.CreateSymbolicLink(Path.Combine(outside, "first"), folder);
                Directory.CreateSymbolicLink(Path.Combine(outside, "second"), "first");
                return Path.Combine(outside, "second");

            default: throw new ArgumentOutOfRangeException(nameof(layout), layout, "no such layout");
        }
    }

    private static void Link(string folder, Func<string, string> place, bool relative)
    {
        foreach (var file in Directory.GetFiles(folder))
        {
            var target = place(Path.GetFileName(file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(file, target);
            File.CreateSymbolicLink(file, relative ? Path.GetRelativePath(folder, target) : target);
        }
    }

    private static string Hash(string name) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
}
