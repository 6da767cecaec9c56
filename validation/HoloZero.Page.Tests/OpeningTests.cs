using System.Globalization;
using System.Text.Json;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace HoloZero.Page.Tests;

/// <summary>What a visitor finds before anything is written, and that everyone finds it.</summary>
public sealed class OpeningTests(Site site)
{
    [Fact]
    public async Task A_prompt_is_ready_and_the_model_is_named()
    {
        await using var visit = await site.VisitAsync();
        await Expect(visit.Page.Locator("#prompt")).ToHaveValueAsync("And the LORD said unto Moses,");
        await Expect(visit.Page.Locator("#prompt-facts")).ToHaveTextAsync("29 bytes");
        await Expect(visit.Page.Locator("#write")).ToBeEnabledAsync();
        await Expect(visit.Page.Locator("#model")).ToHaveValueAsync("demo");
        await Expect(visit.Page.Locator("#state-words")).ToContainTextAsync("0 of them at the door");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Level = 1 }))
            .ToHaveTextAsync("0 learned parameters between your bytes and the model.");
    }

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    [InlineData(ColorScheme.Dark, true)]
    public async Task Axe_finds_nothing_and_nothing_is_wider_than_the_screen(ColorScheme theme, bool phone)
    {
        await using var visit = await site.VisitAsync(theme, phone);
        await RequireAccessibleAsync(visit.Page);

        await visit.SetAsync(("max_tokens", "120"), ("seed", "3"));
        await visit.WriteAsync();
        await visit.Page.Locator("#byte-grid").FocusAsync();
        await visit.Page.Keyboard.PressAsync("Home");
        foreach (var view in (string[])["text", "hex", "bytes"])
        {
            await visit.Page.Locator($"#view input[value={view}]").CheckAsync();
            await RequireAccessibleAsync(visit.Page);
        }

        await visit.SetAsync(("top_p", "7"));
        await visit.Page.Locator("#write").ClickAsync();
        await Expect(visit.Page.Locator("#problem")).ToContainTextAsync("Top-p");
        await RequireAccessibleAsync(visit.Page);
        Assert.True(await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways");
    }

    [Fact]
    public async Task The_heat_map_shows_the_features_of_prefix_and_stream_as_the_model_reads_them()
    {
        var asked = new List<int[]>();
        await using var visit = await site.VisitAsync(before: page =>
        {
            page.Request += (_, request) =>
            {
                if (!request.Url.EndsWith("/v1/features", StringComparison.Ordinal)) return;
                asked.Add(JsonDocument.Parse(request.PostDataBuffer!).RootElement.GetProperty("input").Deserialize<int[]>()!);
            };
            return Task.CompletedTask;
        });
        await visit.PromptAsync([0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x61, 0xff, 0x00]);
        await Expect(visit.Page.Locator("#heat-where")).ToHaveTextAsync("byte 11: NUL, 0x00, 0, stream");
        Assert.Contains(asked, run => run.SequenceEqual([0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48]));
        Assert.Contains(asked, run => run.SequenceEqual([0x61, 0xff, 0x00]));

        // 0x61 begins the stream, so it has no byte before it: by the definition, d2xor is then its Gray code 0x51 itself.
        await visit.Page.Locator("#heat-cursor").FocusAsync();
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await visit.Page.Keyboard.PressAsync("ArrowLeft");
        await Expect(visit.Page.Locator("#heat-where")).ToHaveTextAsync("byte 9: a, 0x61, 97, stream");
        var gray = string.Concat(Convert.ToString(0x61 ^ (0x61 >> 1), 2).PadLeft(8, '0'));
        await Expect(visit.Page.Locator(".channel-dxor dd")).ToHaveTextAsync(gray);
        await Expect(visit.Page.Locator(".channel-d2xor dd")).ToHaveTextAsync(gray);
        var phase = (Math.Cos(0x61 / 256.0 * 2 * Math.PI), Math.Sin(0x61 / 256.0 * 2 * Math.PI));
        await Expect(visit.Page.Locator(".channel-phase dd"))
            .ToHaveTextAsync(FormattableString.Invariant($"{phase.Item1:f2}{phase.Item2:f2}").Replace('-', '−'));
    }

    [Fact]
    public async Task The_sky_has_a_star_for_every_byte_and_says_what_it_shows()
    {
        await using var visit = await site.VisitAsync();
        await Expect(visit.Page.Locator("#sky-caption")).ToContainTextAsync("18 of its 27 features");
        var sky = visit.Page.Locator("#sky");
        await Expect(sky).ToHaveAttributeAsync("aria-valuemax", "256");
        await sky.FocusAsync();
        await visit.Page.Keyboard.PressAsync("End");
        await Expect(sky).ToHaveAttributeAsync("aria-valuetext", "128 and above, 0xff, 255");
        await Expect(visit.Page.Locator("#sky-legend li")).ToHaveCountAsync(7);
        var drawn = await visit.Page.EvaluateAsync<int>("""
            () => {
                const canvas = document.querySelector("#sky canvas");
                const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                return new Set(Array.from({ length: pixels.length / 4 }, (_, i) => pixels.slice(4 * i, 4 * i + 3).join())).size;
            }
            """);
        Assert.True(drawn > 50, string.Create(CultureInfo.InvariantCulture, $"the sky has {drawn} colours"));
    }

    [Fact]
    public async Task Who_asked_for_less_motion_gets_none()
    {
        await using var visit = await site.VisitAsync(reducedMotion: true);
        Assert.Equal("auto", await visit.Page.EvaluateAsync<string>("getComputedStyle(document.documentElement).scrollBehavior"));
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>(
            "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"));
    }

    [Fact]
    public async Task A_chosen_theme_is_there_again_on_the_next_visit()
    {
        await using var visit = await site.VisitAsync();
        var light = await Background(visit.Page);
        await visit.Page.Locator("#theme").SelectOptionAsync("dark");
        var dark = await Background(visit.Page);
        Assert.NotEqual(light, dark);
        await visit.Page.ReloadAsync();
        Assert.Equal(dark, await Background(visit.Page));
        await Expect(visit.Page.Locator("#theme")).ToHaveValueAsync("dark");

        static Task<string> Background(IPage page) => page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
    }

    internal static async Task RequireAccessibleAsync(IPage page)
    {
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Select(v => $"{v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Select(node => node.Html))}"));
    }
}
