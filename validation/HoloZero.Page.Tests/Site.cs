using System.Diagnostics;
using System.Text.RegularExpressions;
using HoloZero.Page.Tests;
using HoloZero.Testing;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Site))]

namespace HoloZero.Page.Tests;

/// <summary>The service as it is built, over the demo, and a Chromium to look at it.</summary>
public sealed partial class Site : IAsyncLifetime
{
    private static readonly string[] Browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly TemporaryFolder _temporary = new();
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private Process? _server;
    private string? _whyNot;

    /// <summary>The service's address, without a slash at its end.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Whatever asks the service without the page.</summary>
    public HttpClient Http { get; } = new();

    public async ValueTask InitializeAsync()
    {
        if (Chromium() is not { } chromium)
        {
            _whyNot = "Chromium is not on this machine: ci/setup.sh installs it where it may";
            return;
        }

        await ServeAsync();
        // Many share a build machine: what takes seconds there is not what these tests are about.
        Assertions.SetDefaultExpectTimeout(60_000);
        _playwright = await Playwright.CreateAsync();
        // As root, as on a build machine, Chromium starts without its sandbox or not at all.
        string[] arguments = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [];
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = arguments });
    }

    /// <summary>Opens the page as a visitor does; skips the test where there is no browser.</summary>
    public async Task<Visit> VisitAsync(ColorScheme theme = ColorScheme.Light, bool phone = false, bool reducedMotion = false,
        Func<IPage, Task>? before = null)
    {
        if (_whyNot is not null) Assert.Skip(_whyNot);
        var context = await _browser!.NewContextAsync(new()
        {
            ColorScheme = theme,
            ViewportSize = phone ? new() { Width = 360, Height = 740 } : new() { Width = 1280, Height = 800 },
            DeviceScaleFactor = phone ? 2 : 1,
            HasTouch = phone,
            ReducedMotion = reducedMotion ? ReducedMotion.Reduce : ReducedMotion.NoPreference,
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        return await Visit.OpenAsync(context, Url, before);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_server is not null)
        {
            _server.Kill();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        Http.Dispose();
        _temporary.Dispose();
    }

    private static string? Chromium() => Browsers
        .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    private async Task ServeAsync()
    {
        var demo = _temporary["demo"];
        using (var export = Start("HoloZero.Exporter.Cli", "holozero-export", "--checkpoint", Repository.Root + "models/demo/demo.pt",
            "--output", demo, "--engine", "reference", "--window-stream-bytes", "128", "--window-prefix-slots", "24",
            "--window-kept-bytes", "64"))
        {
            await export.StandardOutput.ReadToEndAsync();
            await export.WaitForExitAsync();
            Assert.Equal(0, export.ExitCode);
        }

        var heard = new TaskCompletionSource<string>();
        _server = Start("HoloZero.Server", "holozero-server", $"--HoloZero:Models:demo:Model={demo}", "--urls=http://127.0.0.1:0");
        _server.OutputDataReceived += (_, line) =>
        {
            if (Address().Match(line.Data ?? "") is { Success: true } match) heard.TrySetResult(match.Value);
        };
        _server.BeginOutputReadLine();
        Url = await heard.Task.WaitAsync(TimeSpan.FromMinutes(1));
        for (var tries = 0; tries < 600; tries++)
        {
            using var ready = await Http.GetAsync(Url + "/health/ready");
            if (ready.IsSuccessStatusCode) return;
            await Task.Delay(100);
        }

        Assert.Fail("The service did not become ready.");
    }

    private static Process Start(string project, string program, params string[] arguments)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Process.Start(new ProcessStartInfo(Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, program), arguments)
        {
            RedirectStandardOutput = true,
        })!;
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
