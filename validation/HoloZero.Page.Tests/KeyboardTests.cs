using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace HoloZero.Page.Tests;

/// <summary>The page without a pointer, and for who listens to it.</summary>
public sealed class KeyboardTests(Site site)
{
    [Fact]
    public async Task From_the_first_key_to_the_alternatives_of_a_byte()
    {
        await using var visit = await site.VisitAsync();
        // Other seeds end earlier. Set so that nothing gets the focus.
        await visit.Page.EvalOnSelectorAsync("[name=seed]", "seed => seed.value = '4'");
        var keyboard = visit.Page.Keyboard;
        await keyboard.PressAsync("Tab");
        await Expect(visit.Page.Locator(".skip")).ToBeFocusedAsync();
        await keyboard.PressAsync("Enter");
        await Expect(visit.Page.Locator("#prompt")).ToBeFocusedAsync();
        await keyboard.PressAsync("Control+A");
        await keyboard.TypeAsync("In the beginning ");
        await keyboard.PressAsync("Control+Enter");
        await Expect(visit.Page.Locator("#read-written")).ToHaveTextAsync("240");
        await visit.EndAsync();

        await TabToAsync(visit.Page, "byte-grid");
        var grid = visit.Page.Locator("#byte-grid");
        await keyboard.PressAsync("Home");
        await Expect(grid).ToHaveAttributeAsync("aria-valuenow", "1");
        var first = await grid.GetAttributeAsync("aria-valuetext");
        Assert.Matches("^.+, 0x[0-9a-f]{2}, [0-9]+, .* percent", first);
        await keyboard.PressAsync("ArrowRight");
        await Expect(grid).ToHaveAttributeAsync("aria-valuenow", "2");
        await Expect(visit.Page.Locator("#inspector-byte")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#others li").First).ToBeVisibleAsync();
        await keyboard.PressAsync("End");
        await Expect(grid).ToHaveAttributeAsync("aria-valuenow", "240");
        await Expect(visit.Page.Locator("[data-i='239']")).ToBeInViewportAsync();
    }

    [Fact]
    public async Task Tab_reaches_everything_shows_where_it_is_and_is_caught_nowhere()
    {
        await using var visit = await site.VisitAsync();
        await visit.ForbidEndAsync();
        await visit.SetAsync(("max_tokens", "30"));
        await visit.WriteAsync();
        var stops = new List<string>();
        for (var i = 0; i < 120; i++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
            var stop = await visit.Page.EvaluateAsync<string?>("""
                () => {
                    const element = document.activeElement;
                    if (element === document.body || element === document.documentElement) return null;
                    const rings = [element, element.nextElementSibling, element.closest("label")].filter(Boolean);
                    const seen = rings.map(getComputedStyle).some(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1);
                    return `${element.id || element.name || element.textContent.trim()}${seen ? "" : " WITHOUT A RING"}`;
                }
                """);
            // Past the end the browser's own controls come, and then the page from its beginning.
            if (stop is null) continue;
            if (stops.Count > 0 && stop == stops[0]) break;
            stops.Add(stop);
        }

        Assert.InRange(stops.Count, 25, 119);
        Assert.DoesNotContain(stops, stop => stop.Contains("WITHOUT", StringComparison.Ordinal));
        Assert.Superset(new HashSet<string>(["model", "theme", "prompt", "file", "write", "sky", "sky-turn", "byte-grid", "continue",
            "copy-text", "save", "heat-cursor", "top_k", "stop", "key", "line", "copy-line", "save-prompt"]), stops.ToHashSet());
    }

    [Fact]
    public async Task Escape_stops_and_the_focus_stays_in_its_place()
    {
        await using var visit = await site.VisitAsync();
        await visit.ForbidEndAsync();
        await visit.SetAsync(("max_tokens", "8000"));
        await visit.Page.Locator("#write").FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Page.Locator("#stop")).ToBeFocusedAsync();
        await Expect(visit.Page.Locator("#read-written")).Not.ToHaveTextAsync("0");
        await visit.Page.Keyboard.PressAsync("Escape");
        await visit.EndAsync();
        await Expect(visit.Page.Locator("#write")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task What_is_announced_is_little_and_ends_with_the_end()
    {
        await using var visit = await site.VisitAsync();
        await visit.Page.EvaluateAsync("""
            () => {
                window.heard = [];
                const place = document.getElementById("announcer");
                new MutationObserver(() => window.heard.push(place.textContent))
                    .observe(place, { childList: true, characterData: true, subtree: true });
            }
            """);
        await visit.ForbidEndAsync();
        await visit.SetAsync(("max_tokens", "600"));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#announcer")).ToContainTextAsync("600 bytes.");
        var heard = await visit.Page.EvaluateAsync<string[]>("window.heard");
        Assert.Equal("Writing.", heard[0]);
        Assert.InRange(heard.Length, 2, 9);
    }

    [Fact]
    public async Task Landmarks_and_names_are_there()
    {
        await using var visit = await site.VisitAsync();
        foreach (var role in (AriaRole[])[AriaRole.Banner, AriaRole.Main, AriaRole.Contentinfo])
            await Expect(visit.Page.GetByRole(role)).ToHaveCountAsync(1);
        foreach (var name in (string[])["What it writes", "What it literally reads", "Ask it your way"])
            await Expect(visit.Page.GetByRole(AriaRole.Region, new() { Name = name })).ToHaveCountAsync(1);
        await Expect(visit.Page.GetByRole(AriaRole.Slider, new() { Name = "Continuation, byte by byte" })).ToHaveCountAsync(1);
        await Expect(visit.Page.GetByLabel("Prompt", new() { Exact = true })).ToHaveCountAsync(2);
    }

    private static async Task TabToAsync(IPage page, string id)
    {
        for (var i = 0; i < 60; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<string>("document.activeElement.id") == id) return;
        }

        Assert.Fail($"Tab does not reach {id}");
    }
}
