using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.Packages.Tests;

/// <summary>samples/, built from the packages and run.</summary>
public sealed partial class SampleTests(Packages packages)
{
    [Fact]
    public async Task The_program_of_the_readme_prints_what_the_model_says()
    {
        var (code, output, error) = await Shell.RunAsync(packages.Samples, Path.Combine(packages.Built("Readme"), "console"));
        Assert.Equal((0, "", await Generated.TextAsync(packages.Model)), (code, error, output));
    }

    [Fact]
    public async Task Console() => await RequireConsoleAsync(Path.Combine(packages.Built("Console"), "console"));

    [Fact]
    public async Task NativeAot()
    {
        if (packages.WhyNoNativeAot is { } reason) Assert.Skip(reason);
        var folder = packages.Published("NativeAot");
        await RequireConsoleAsync(Path.Combine(folder, "native-aot"));
        // No assembly beside it: all that is managed was compiled.
        Assert.Empty(Directory.GetFiles(folder, "*.dll"));
    }

    [Fact]
    public async Task Single_file()
    {
        var folder = packages.Published("SingleFile");
        Assert.Equal("single-file", Path.GetFileName(Assert.Single(Directory.GetFiles(folder))));
        await RequireConsoleAsync(Path.Combine(folder, "single-file"));
    }

    [Fact]
    public async Task An_app_without_a_native_ONNX_Runtime_is_told_what_to_add()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(packages.Built("Console")).Where(path => !path.Contains("libonnxruntime")))
            File.Copy(file, folder[Path.GetFileName(file)]);
        var (code, output, error) = await Shell.RunAsync(folder.Path, folder["console"], packages.Model, Generated.Prompt);
        Assert.Equal((2, ""), (code, output));
        var line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("console: ONNX Runtime's native library does not load (Unable to load shared library 'onnxruntime' or one of its "
            + $"dependencies); add the package Microsoft.ML.OnnxRuntime {Packages.OnnxRuntimeVersion} to the app, or "
            + "Microsoft.ML.OnnxRuntime.Gpu for CUDA", line);
    }

    [Fact]
    public async Task A_model_within_the_program_beside_an_environment_of_the_app()
    {
        using var elsewhere = new TemporaryFolder();
        var (code, output, error) = await Shell.RunAsync(elsewhere.Path, Path.Combine(packages.Built("Within"), "console"));
        Assert.Equal((0, "", await Generated.TextAsync(packages.Model)), (code, error, output));
    }

    [Fact]
    public async Task Two_models_by_key()
    {
        using var other = new ExportedModel(Repository.Golden("tiny.pt"), new(Models.PrefixAttention.Bidirectional));
        var (code, output, error) = await Shell.RunAsync(packages.Samples, Path.Combine(packages.Built("TwoModels"), "two-models"),
            packages.Model, other.Folder);
        const string prompt = "In the beginning ";
        var expected = $"{await Generated.TextAsync(packages.Model, prompt, 40)}\n{await Generated.TextAsync(other.Folder, prompt, 40)}\n";
        Assert.Equal((0, "", expected), (code, error, output));
    }

    [Fact]
    public async Task Minimal_API_with_streaming()
    {
        using var process = Shell.Start(packages.Samples, Path.Combine(packages.Built("Web"), "web"), "--urls", "http://127.0.0.1:0",
            "--HoloZero:demo:Model", packages.Model);
        try
        {
            string? address = null;
            while (address is null && await process.StandardOutput.ReadLineAsync(Shell.Token).AsTask().WaitAsync(Shell.Enough) is { } line)
                address = Address().Match(line) is { Success: true } match ? match.Value : null;
            var rest = process.StandardOutput.ReadToEndAsync(Shell.Token);
            using var client = new HttpClient { BaseAddress = new(address!) };
            // Whoever asks before the model is ready waits for it.
            using var answer = await client.GetAsync($"/continue?prompt={Uri.EscapeDataString(Generated.Prompt)}&maxBytes=200",
                HttpCompletionOption.ResponseHeadersRead, Shell.Token);
            Assert.True(answer.Headers.TransferEncodingChunked);
            Assert.Equal(await Generated.TextAsync(packages.Model, maxBytes: 200), await answer.Content.ReadAsStringAsync(Shell.Token));
            Assert.Equal("Healthy", await client.GetStringAsync("/health/ready", Shell.Token));
            using var kill = System.Diagnostics.Process.Start("bash", ["-c", $"kill -TERM {process.Id}"]);
            await process.WaitForExitAsync(Shell.Token).WaitAsync(Shell.Enough, Shell.Token);
            Assert.Equal(0, process.ExitCode);
            await rest;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    /// <summary>What docs/embedding.md says that each weighs on linux-x64, debugger's files left out.</summary>
    [Theory]
    [InlineData("Console", false)]
    [InlineData("Worker", false)]
    [InlineData("Web", false)]
    [InlineData("TwoModels", false)]
    [InlineData("NativeAot", true)]
    [InlineData("SingleFile", true)]
    public void It_weighs_what_the_manual_says_and_carries_no_other_systems_files(string sample, bool published)
    {
        if (sample == "NativeAot" && packages.WhyNoNativeAot is { } reason) Assert.Skip(reason);
        var folder = published ? packages.Published(sample) : packages.Built(sample);
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetExtension(path) is not (".pdb" or ".dbg" or ".xml")).ToArray();
        Assert.Empty(files.Where(IsForeign).Select(path => Path.GetRelativePath(folder, path)));

        var manual = File.ReadAllText(Path.Combine(Repository.Root, "docs", "embedding.md"));
        var told = Regex.Match(manual, $@"samples/{sample}\).*\| ([0-9.]+) MB \|");
        var bytes = files.Sum(path => new FileInfo(path).Length);
        TestContext.Current.SendDiagnosticMessage($"{sample}: {bytes:N0} bytes in {files.Length} files");
        Assert.True(told.Success, $"docs/embedding.md does not say what {sample} weighs: {bytes / 1e6:F1} MB");
        Assert.Equal(double.Parse(told.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), bytes / 1e6, tolerance: 0.5);
    }

    /// <summary>A native library of another system or processor than x86-64 Linux.</summary>
    private static bool IsForeign(string path)
    {
        if (Path.GetExtension(path) is ".dylib" or ".a" or ".lib") return true;
        using var stream = File.OpenRead(path);
        Span<byte> head = stackalloc byte[20];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length) return false;
        if (head.StartsWith("\u007fELF"u8)) return head[18] != 62;
        if (!head.StartsWith("MZ"u8)) return false;
        stream.Position = 0;
        using var image = new PEReader(stream);
        return !image.HasMetadata;
    }

    private async Task RequireConsoleAsync(string program)
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = await Shell.RunAsync(folder.Path, program, packages.Model, Generated.Prompt);
        Assert.Equal((0, "", await Generated.TextAsync(packages.Model) + "\n"), (code, error, output));

        (code, output, error) = await Shell.RunAsync(folder.Path, program, folder["missing"], Generated.Prompt);
        Assert.Equal((2, "", $"console: {folder["missing"]}: no such folder; name a folder that holozero-export wrote\n"),
            (code, output, error));
    }

    [GeneratedRegex("http://127.0.0.1:[0-9]+")]
    private static partial Regex Address();
}
