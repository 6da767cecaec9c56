using System.Text.Json;
using System.Text.RegularExpressions;
using HoloZero.Artifacts;
using HoloZero.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace HoloZero.Page.Tests;

/// <summary>A picture, a sound and a caption go in; what the model reads of them is shown, and so is the window that it writes.</summary>
public sealed class WindowTests(Site site)
{
    [Fact]
    public async Task What_the_model_reads_is_shown_and_it_goes_on_after_that()
    {
        await using var visit = await site.VisitAsync();
        await DropAsync(visit, "64x64.png", "image/png");
        await DropAsync(visit, "mono8k.wav", "audio/wav");
        await visit.Page.Locator("#caption").FillAsync("a red ball rolls to the left, slowly");
        var view = visit.Page.Locator("#read-window");
        await Expect(view.Locator("[data-part=caption]")).ToHaveTextAsync("a red ball rolls to the");
        using var golden = SafetensorsFile.Open(Repository.Golden("media", "media.golden.safetensors"));
        var window = golden.ReadBytes("film.window");
        Assert.Equal(window[..256].Select(level => (int)level), await visit.Page.EvaluateAsync<int[]>("""
            () => {
                const canvas = document.querySelector("#read-window [data-part=picture]");
                const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                return Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i]);
            }
            """));
        await Expect(view.Locator("[data-part=sound]")).ToHaveAttributeAsync("aria-label", new Regex("32 ms, 256 samples"));
        await Expect(view.Locator("[data-part=places] tr")).ToHaveCountAsync(6);
        await Expect(view.Locator("[data-part=places]")).ToContainTextAsync("257–512sound");
        await Expect(view.Locator("[data-part=unmarked]")).ToBeHiddenAsync();
        await Expect(visit.Page.Locator("#prompt")).ToBeHiddenAsync();
        await Expect(visit.Page.Locator("#prompt-facts")).ToHaveTextAsync("a window in 67 prefix slots");
        await Expect(visit.Page.Locator("[name=max_tokens]")).ToHaveValueAsync("538");

        await visit.SetAsync(("seed", "7"), ("temperature", "0.9"));
        await visit.WriteAsync();
        var asked = visit.Asked.Single();
        Assert.Equal((67, 540), (asked.GetProperty("prefix_slots").GetInt32(), asked.GetProperty("stream_bytes").GetInt32()));
        Assert.Equal([.. window[..536], window[0]], asked.GetProperty("prompt").Deserialize<int[]>()!.Select(b => (byte)b));
        var expected = await AfterAsync("seed=7&temperature=0.9");
        Assert.Equal(expected[1..], await visit.ShownAsync());
        var written = visit.Page.Locator("#written-window");
        if (expected.Length == 539) await Expect(written.Locator("[data-part=places] tr")).ToHaveCountAsync(6);
        else await Expect(written).ToBeHiddenAsync();

        // The line in a shell gives the same bytes.
        Assert.Equal(expected[1..], await visit.RunLineAsync());
    }

    [Fact]
    public async Task What_was_written_is_shown_as_a_window_once_it_is_whole()
    {
        await using var visit = await site.VisitAsync();
        await visit.Page.Locator("#senses summary").ClickAsync();
        await visit.Page.Locator("#caption").FillAsync("a");
        await Expect(visit.Page.Locator("#read-window")).ToBeVisibleAsync();
        var next = new byte[538];
        Array.Fill(next, (byte)128);
        (next[255], next[512], next[513], next[514], next[537]) = (254, 254, (byte)'h', (byte)'i', 255);
        next.AsSpan(515, 22).Fill((byte)' ');
        await visit.Page.RouteAsync("**/v1/completions", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = string.Concat(next.Chunk(64).Select(bytes => TroubleTests.Chunk(bytes))) + "data: [DONE]\n\n",
        }));
        await visit.WriteAsync();
        var view = visit.Page.Locator("#written-window");
        await Expect(view.Locator("[data-part=caption]")).ToHaveTextAsync("hi");
        await Expect(view.Locator("[data-part=play]")).ToBeDisabledAsync();
        await Expect(view.Locator("[data-part=unmarked]")).ToBeHiddenAsync();

        await visit.Page.Locator("#window-remove").ClickAsync();
        await Expect(visit.Page.Locator("#prompt")).ToBeFocusedAsync();
        await Expect(visit.Page.Locator("#prompt")).ToHaveValueAsync("And the LORD said unto Moses,");
        await Expect(visit.Page.Locator("[name=max_tokens]")).ToHaveValueAsync("240");
        await Expect(visit.Page.Locator("#read-window")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_told_and_nothing_is_written_of_it()
    {
        await using var visit = await site.VisitAsync();
        visit.ExpectsFailures = true;
        await DropAsync(visit, "mono8k.wav", "image/png");
        await Expect(visit.Page.Locator("#senses-problem")).ToContainTextAsync("picture is no PNG");
        await visit.Page.Locator("#write").ClickAsync();
        await Expect(visit.Page.Locator("#problem")).ToContainTextAsync("picture is no PNG");
        Assert.Empty(visit.Asked);
        await DropAsync(visit, "48x96.png", "image/png");
        await Expect(visit.Page.Locator("#read-window")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#senses-problem")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task By_keys_alone_a_sound_is_chosen_and_played()
    {
        await using var visit = await site.VisitAsync();
        await visit.Page.Locator("#senses summary").FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.Locator("#picture")).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.Locator("#sound")).ToBeFocusedAsync();
        await visit.Page.Locator("#sound").SetInputFilesAsync(Repository.Golden("media", "mono8k.wav"));
        await Expect(visit.Page.Locator("#sound-name")).ToHaveTextAsync("mono8k.wav");
        var play = visit.Page.Locator("#read-window [data-part=play]");
        await Expect(play).ToBeVisibleAsync();
        await Expect(play).ToBeEnabledAsync();
        await visit.Page.EvaluateAsync("""
            () => {
                window.played = [];
                const start = AudioBufferSourceNode.prototype.start;
                AudioBufferSourceNode.prototype.start = function () {
                    window.played.push([this.buffer.length, this.buffer.sampleRate]);
                    start.call(this);
                };
            }
            """);
        await play.FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        var played = await visit.Page.EvaluateAsync<int[]>("window.played[0]");
        Assert.Equal([256, 8000], played);
    }

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    [InlineData(ColorScheme.Dark, true)]
    public async Task Axe_finds_nothing_in_a_window_and_it_fits_the_screen(ColorScheme theme, bool phone)
    {
        await using var visit = await site.VisitAsync(theme, phone);
        await DropAsync(visit, "64x64.png", "image/png");
        await DropAsync(visit, "mono8k.wav", "audio/wav");
        await Expect(visit.Page.Locator("#read-window [data-part=play]")).ToBeVisibleAsync();
        await OpeningTests.RequireAccessibleAsync(visit.Page);
        Assert.True(await visit.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways");
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "out", "page")).FullName;
        var name = $"window-{theme}-{(phone ? "phone" : "wide")}.png";
        await visit.Page.Locator("#composer").ScreenshotAsync(new() { Path = Path.Combine(folder, name) });
    }

    private async Task<byte[]> AfterAsync(string query)
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(await File.ReadAllBytesAsync(Repository.Golden("media", "64x64.png"))), "picture", "64x64.png" },
            { new ByteArrayContent(await File.ReadAllBytesAsync(Repository.Golden("media", "mono8k.wav"))), "sound", "mono8k.wav" },
            { new StringContent("a red ball rolls to the left, slowly"), "caption" },
        };
        using var answer = await site.Http.PostAsync($"{site.Url}/v1/bytes?{query}", form);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync();
    }

    private static async Task DropAsync(Visit visit, string name, string type) => await visit.Page.EvaluateAsync("""
        ([name, type, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name, { type }));
            const event = kind => new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event("dragenter"));
            document.body.dispatchEvent(event("drop"));
        }
        """, new object[] { name, type, Convert.ToBase64String(await File.ReadAllBytesAsync(Repository.Golden("media", name))) });
}
