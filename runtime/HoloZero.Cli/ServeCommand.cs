using System.CommandLine;
using System.Runtime.InteropServices;
using HoloZero.Artifacts;

namespace HoloZero.Cli;

/// <summary>
/// <c>holozero serve</c>: becomes the service, a program of its own, so that no other command loads a web server. What is said here becomes
/// keys of its configuration.
/// </summary>
internal static partial class ServeCommand
{
    private const string Program = "holozero-server";

    public static Command Create()
    {
        var models = new Option<string[]>("--model")
        {
            Description = "artifact folder to serve; may be repeated, the first is the default",
            HelpName = "folder",
        };
        var names = new Option<string[]>("--name") { Description = "what callers call it, one for each --model [its folder's name]" };
        var urls = new Option<string?>("--urls") { Description = "addresses to listen on, ; between them [http://127.0.0.1:5080]" };
        var settings = new Option<string?>("--settings") { Description = "a JSON file with more of the configuration", HelpName = "file" };
        var set = new Option<string[]>("--set")
        {
            Description = "one key of the configuration: HoloZero:Server:MaxTokens=1000; may be repeated",
            HelpName = "key=value",
        };
        var command = new Command("serve", "Serves models over HTTP: OpenAI's protocol, raw bytes, a page. See docs/serving.md.")
        {
            models, names, urls, settings, set,
        };
        command.SetAction(parsed => Become(Find(AppContext.BaseDirectory),
            [.. Keys(parsed.GetValue(models) ?? [], parsed.GetValue(names) ?? [], parsed.GetValue(urls), parsed.GetValue(settings),
                parsed.GetValue(set) ?? [])]));
        return command;
    }

    /// <summary>The configuration that the options stand for, as the service's command line.</summary>
    internal static IEnumerable<string> Keys(string[] models, string[] names, string? urls, string? settings, string[] set)
    {
        if (names.Length != 0 && names.Length != models.Length)
            throw new BadInputException("name", $"there are {names.Length} for {models.Length} models", "name each model, or none");
        if (settings is not null) yield return $"--settings={Path.GetFullPath(settings)}";
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < models.Length; i++)
        {
            var folder = Path.GetFullPath(models[i]);
            var name = names.Length > 0 ? names[i] : Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
            if (!taken.Add(name))
                throw new BadInputException("name", $"two models are called {Untrusted.Quote(name)}", "give each its own with --name");
            yield return $"--HoloZero:Models:{name}:Model={folder}";
            if (i == 0) yield return $"--HoloZero:Server:DefaultModel={name}";
        }

        if (urls is not null) yield return $"--urls={urls}";
        foreach (var pair in set)
        {
            if (pair.IndexOf('=', StringComparison.Ordinal) < 1)
                throw new BadInputException("set", $"{Untrusted.Quote(pair)} is no KEY=VALUE", "write HoloZero:Server:MaxTokens=1000, say");
            yield return $"--{pair}";
        }
    }

    /// <summary>Beside this program where it is installed, in the folder of its project where it was built.</summary>
    private static string Find(string here)
    {
        var built = new DirectoryInfo(Path.TrimEndingDirectorySeparator(here));
        string[] places = [Path.Combine(here, Program), Path.Combine(here, "..", "..", "HoloZero.Server", built.Name, Program)];
        return places.FirstOrDefault(File.Exists)
            ?? throw new MissingCapabilityException($"{Program} is not beside this program", "build it with make build");
    }

    private static int Become(string program, string[] arguments)
    {
        if (OperatingSystem.IsWindows())
            throw new MissingCapabilityException("a program cannot become another one here", $"run {program} itself");
        Execute(program, [program, .. arguments, null]);
        throw new MissingCapabilityException($"{program} does not start ({Marshal.GetLastPInvokeErrorMessage()})", "build it anew");
    }

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Execute(string path, string?[] arguments);
}
