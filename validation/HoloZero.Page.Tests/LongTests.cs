using System.Text;
using HoloZero.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace HoloZero.Page.Tests;

/// <summary>Thousands of bytes, and what the page looks like.</summary>
public sealed class LongTests(Site site, ITestOutputHelper output)
{
    private const int Many = 8000;

    [Fact]
    public async Task Eight_thousand_bytes_are_all_there_and_few_elements_show_them()
    {
        await using var visit = await site.VisitAsync();
        await visit.SetAsync(("max_tokens", "8000"), ("seed", "1"));
        await visit.Page.EvaluateAsync("""
            () => {
                window.longest = 0;
                new PerformanceObserver(list => {
                    for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
                }).observe({ type: "longtask" });
            }
            """);
        var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("And the children of Israel went out.\n", 300)))[..Many];
        // The worst case: all of them in one piece.
        var body = string.Concat(text.Chunk(4).Select(four => TroubleTests.Chunk(four))) + "data: [DONE]\n\n";
        await visit.Page.RouteAsync("**/v1/completions",
            route => route.FulfillAsync(new() { ContentType = "text/event-stream", Body = body }));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#read-written")).ToHaveTextAsync("8,000");
        Report("8,000 bytes in one piece", await visit.Page.EvaluateAsync<double>("window.longest"));
        Assert.InRange(await visit.Page.Locator("#byte-grid *").CountAsync(), 100, 6000);
        Assert.Equal(text, await visit.ShownAsync());

        await visit.Page.UnrouteAsync("**/v1/completions");
        await visit.Page.Locator("#view input[value=bytes]").CheckAsync();
        await visit.Page.EvaluateAsync("() => { window.longest = 0; }");
        await visit.SetAsync(("max_tokens", "2000"));
        await visit.WriteAsync();
        Report("2,000 bytes as the model writes them", await visit.Page.EvaluateAsync<double>("window.longest"));
    }

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    [InlineData(ColorScheme.Dark, true)]
    public async Task Pictures_are_taken(ColorScheme theme, bool phone)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "out", "page")).FullName;
        await using var visit = await site.VisitAsync(theme, phone, reducedMotion: true);
        await Expect(visit.Page.Locator("#sky-caption")).Not.ToBeEmptyAsync();
        await Expect(visit.Page.Locator("#heat-where")).Not.ToBeEmptyAsync();
        var name = $"{theme.ToString().ToLowerInvariant()}{(phone ? "-phone" : "")}";
        await TakeAsync("opening", false);
        await visit.ForbidEndAsync();
        await visit.WriteAsync();
        await visit.Page.Locator("#byte-grid").FocusAsync();
        await visit.Page.Keyboard.PressAsync("End");
        for (var i = 0; i < 24; i++) await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await TakeAsync("written", false);
        await TakeAsync("whole", true);

        async Task TakeAsync(string what, bool whole)
        {
            var path = Path.Combine(folder, $"{name}-{what}.png");
            await visit.Page.ScreenshotAsync(new() { Path = path, FullPage = whole });
            Assert.True(new FileInfo(path).Length > 10_000);
        }
    }

    private void Report(string what, double longest) =>
        output.WriteLine(FormattableString.Invariant($"{what}: the longest task of the main thread took {longest:f0} ms"));
}
