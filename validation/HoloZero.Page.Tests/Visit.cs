using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace HoloZero.Page.Tests;

/// <summary>
/// One visitor. Every visit is under the policy that the service sends, and ends with the assertion that nothing broke it, that no script
/// failed, and that no request left the origin.
/// </summary>
public sealed class Visit : IAsyncDisposable
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    private readonly IBrowserContext _context;
    private readonly string _url;

    private Visit(IBrowserContext context, IPage page, string url) => (_context, Page, _url) = (context, page, url);

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>What went wrong that no test asked for.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    /// <summary>Bodies of the completions that the page asked for, in order.</summary>
    public ConcurrentQueue<JsonElement> Asked { get; } = new();

    /// <summary>Set where a test makes the service fail: the browser then logs failed requests as errors of its own.</summary>
    public bool ExpectsFailures { get; set; }

    /// <summary>Runs the line that the page shows in a shell.</summary>
    /// <returns>What it prints.</returns>
    internal async Task<byte[]> RunLineAsync()
    {
        var line = await Page.Locator("#line").TextContentAsync() ?? "";
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", line]) { RedirectStandardOutput = true })!;
        using var printed = new MemoryStream();
        await shell.StandardOutput.BaseStream.CopyToAsync(printed);
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);
        return printed.ToArray();
    }

    internal static async Task<Visit> OpenAsync(IBrowserContext context, string url, Func<IPage, Task>? before)
    {
        var page = await context.NewPageAsync();
        var visit = new Visit(context, page, url);
        page.PageError += (_, error) => visit.Faults.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !(visit.ExpectsFailures && message.Text.Contains("Failed to load resource")))
                visit.Faults.Enqueue(message.Text);
        };
        page.Request += (_, request) => visit.Hear(request);
        await page.AddInitScriptAsync("""
            window.violations = [];
            document.addEventListener("securitypolicyviolation",
                event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
            """);
        if (before is not null) await before(page);
        var answer = await page.GotoAsync(url + "/");
        Assert.Equal(Policy, answer!.Headers["content-security-policy"]);
        await Assertions.Expect(page.Locator("#state")).ToHaveAttributeAsync("data-state", "ready");
        return visit;
    }

    /// <summary>Fills settings by their names.</summary>
    public async Task SetAsync(params (string Name, string Value)[] settings)
    {
        foreach (var (name, value) in settings) await Page.Locator($"[name={name}]").FillAsync(value);
    }

    /// <summary>Makes these bytes the prompt, as a person who types them in hexadecimal.</summary>
    public async Task PromptAsync(byte[] bytes)
    {
        await Page.Locator("#mode input[value=hex]").CheckAsync();
        await Page.Locator("#prompt").FillAsync(string.Join(' ', bytes.Select(b => b.ToString("x2", CultureInfo.InvariantCulture))));
    }

    /// <summary>
    /// From here on the model writes as many bytes as it is asked for: whether it ends before depends on the last bits of its logits.
    /// </summary>
    public Task ForbidEndAsync() => Page.RouteAsync("**/v1/completions", route =>
    {
        var asked = JsonNode.Parse(route.Request.PostDataBuffer!)!.AsObject();
        asked["logit_bias"] = new JsonObject { ["257"] = -100 };
        return route.ContinueAsync(new() { PostData = JsonSerializer.SerializeToUtf8Bytes(asked) });
    });

    /// <summary>Presses the button and waits for the end.</summary>
    public async Task WriteAsync()
    {
        await Page.Locator("#write").ClickAsync();
        await EndAsync();
    }

    /// <summary>Waits until nothing is written any more.</summary>
    public Task EndAsync() => Assertions.Expect(Page.Locator("body")).Not.ToHaveClassAsync("running", new() { Timeout = 60_000 });

    /// <summary>The bytes that the hexadecimal view shows, every one.</summary>
    public async Task<byte[]> ShownAsync()
    {
        await Page.Locator("#view input[value=hex]").CheckAsync();
        var dump = await Page.Locator("#hex-view").TextContentAsync() ?? "";
        return [.. dump.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(line => Convert.FromHexString(line[8..55].Replace(" ", "")))];
    }

    public async ValueTask DisposeAsync()
    {
        var violations = await Page.EvaluateAsync<string[]>("window.violations");
        var used = await Page.EvaluateAsync<string[]>(
            "[...Object.keys(localStorage), ...Object.keys(sessionStorage), ...document.cookie ? ['cookie'] : []]");
        await _context.CloseAsync();
        Assert.Empty(Faults);
        Assert.Empty(violations);
        Assert.Empty(used.Except(["theme"]));
    }

    private void Hear(IRequest request)
    {
        if (!((string[])[_url + "/", "blob:" + _url + "/"]).Any(own => request.Url.StartsWith(own, StringComparison.Ordinal)))
            Faults.Enqueue("asked " + request.Url);
        if (request.Url.EndsWith("/v1/completions", StringComparison.Ordinal))
            Asked.Enqueue(JsonDocument.Parse(request.PostDataBuffer!).RootElement.Clone());
    }
}
