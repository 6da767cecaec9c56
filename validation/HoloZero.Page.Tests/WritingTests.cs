using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using static Microsoft.Playwright.Assertions;

namespace HoloZero.Page.Tests;

/// <summary>Bytes go out and come back as they are, and what the page says of them is what the service said.</summary>
public sealed class WritingTests(Site site)
{
    private static readonly byte[] Raw = [0x41, 0x00, 0x42, 0xff, 0xfe, 0x0d, 0x0a, 0xc3, 0x28, 0x27, 0x25, 0x5c, 0x80];

    [Fact]
    public async Task What_is_shown_is_what_the_service_gives()
    {
        await using var visit = await site.VisitAsync();
        await visit.SetAsync(("max_tokens", "80"), ("temperature", "0.9"), ("seed", "11"));
        await visit.WriteAsync();
        var expected = await BytesAsync("And the LORD said unto Moses,"u8.ToArray(), "max_bytes=80&temperature=0.9&seed=11");

        Assert.Equal(expected, await visit.ShownAsync());
        await visit.Page.Locator("#view input[value=text]").CheckAsync();
        await Expect(visit.Page.Locator("#text-view")).ToHaveTextAsync(Encoding.UTF8.GetString(expected));
        await visit.Page.Locator("#copy-text").ClickAsync();
        Assert.Equal(Encoding.UTF8.GetString(expected), await visit.Page.EvaluateAsync<string>("navigator.clipboard.readText()"));
        await Expect(visit.Page.Locator("#read-written")).ToHaveTextAsync("80");
        await Expect(visit.Page.Locator("#ending")).ToContainTextAsync("copied");
        await SavesAsync("#save", "continuation.bin", expected);
        await SavesAsync("#save-prompt", "prompt.bin", "And the LORD said unto Moses,"u8.ToArray());

        async Task SavesAsync(string button, string name, byte[] bytes)
        {
            var download = await visit.Page.RunAndWaitForDownloadAsync(() => visit.Page.Locator(button).ClickAsync());
            Assert.Equal(name, download.SuggestedFilename);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(await download.PathAsync()));
        }
    }

    [Fact]
    public async Task Each_byte_has_the_probability_and_the_alternatives_of_the_service()
    {
        await using var visit = await site.VisitAsync();
        await visit.SetAsync(("max_tokens", "20"), ("seed", "5"));
        await visit.WriteAsync();
        using var answer = await site.Http.PostAsJsonAsync(site.Url + "/v1/completions", new
        {
            prompt = "And the LORD said unto Moses,",
            max_tokens = 20,
            seed = 5,
            temperature = 0.7,
            logprobs = 5,
        });
        var logprobs = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("choices")[0].GetProperty("logprobs");
        var likely = logprobs.GetProperty("token_logprobs").Deserialize<double[]>()!.Select(Math.Exp).ToArray();
        var top = logprobs.GetProperty("top_logprobs").EnumerateArray()
            .Select(all => all.Deserialize<Dictionary<string, double>>()!).ToArray();

        var grid = visit.Page.Locator("#byte-grid");
        await grid.FocusAsync();
        for (var i = 0; i < 20; i++)
        {
            await visit.Page.Keyboard.PressAsync(i == 0 ? "Home" : "ArrowRight");
            await Expect(grid).ToHaveAttributeAsync("aria-valuenow", (i + 1).ToString(CultureInfo.InvariantCulture));
            var shown = (await visit.Page.Locator("#inspected-p").TextContentAsync())!.TrimEnd('%', ' ');
            Assert.InRange(Probability(shown), likely[i] - 0.011, likely[i] + 0.011);
            Assert.Equal(shown, await visit.Page.Locator($"[data-i='{i}'] small").TextContentAsync());
            var others = await visit.Page.Locator("#others li > span:last-child").AllTextContentsAsync();
            Assert.Equal(top[i].Count, others.Count);
            Assert.All(others.Zip(top[i].Values.OrderDescending().Select(Math.Exp)),
                pair => Assert.InRange(Probability(pair.First.TrimEnd('%', ' ')), pair.Second - 0.011, pair.Second + 0.011));
        }

        // The pointer does the same.
        await visit.Page.Locator("[data-i='3']").HoverAsync();
        Assert.InRange(Probability((await visit.Page.Locator("#inspected-p").TextContentAsync())!.TrimEnd('%', ' ')),
            likely[3] - 0.011, likely[3] + 0.011);

        static double Probability(string percent) => percent == "<.1" ? 0 : double.Parse(percent, CultureInfo.InvariantCulture) / 100;
    }

    [Fact]
    public async Task NUL_and_broken_UTF_8_are_sent_and_shown_as_they_are()
    {
        await using var visit = await site.VisitAsync();
        await visit.PromptAsync(Raw);
        await Expect(visit.Page.Locator("#prompt-facts")).ToHaveTextAsync("13 bytes, not UTF-8: sent as they are");
        await Expect(visit.Page.Locator("#mode input[value=text]")).ToBeDisabledAsync();
        // A flat distribution writes what no text has.
        await visit.SetAsync(("max_tokens", "200"), ("temperature", "2"), ("seed", "9"));
        await visit.WriteAsync();

        Assert.Equal(Raw, visit.Asked.Single().GetProperty("prompt").Deserialize<int[]>()!.Select(b => (byte)b));
        var expected = await BytesAsync(Raw, "max_bytes=200&temperature=2&seed=9");
        Assert.Equal(expected, await visit.ShownAsync());
        await visit.Page.Locator("#view input[value=text]").CheckAsync();
        var raw = await visit.Page.Locator("#text-view .raw").CountAsync();
        Assert.True(raw > 0 || Encoding.UTF8.GetString(expected).All(c => c is not '\ufffd' && (c >= ' ' || c is '\n' or '\t')));
    }

    [Fact]
    public async Task A_dropped_file_is_the_prompt_byte_for_byte()
    {
        var all = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
        await using var visit = await site.VisitAsync();
        await DropAsync(visit, "all.bin", all);
        await Expect(visit.Page.Locator("#prompt-facts")).ToContainTextAsync("256 bytes");
        await visit.SetAsync(("max_tokens", "5"));
        await visit.WriteAsync();
        Assert.Equal(all, visit.Asked.Single().GetProperty("prompt").Deserialize<int[]>()!.Select(b => (byte)b));

        var large = Enumerable.Range(0, 20_000).Select(i => (byte)(i * 7)).ToArray();
        await DropAsync(visit, "large.bin", large);
        await Expect(visit.Page.Locator("#file-card")).ToContainTextAsync("large.bin");
        await Expect(visit.Page.Locator("#file-size")).ToContainTextAsync("20,000 bytes");
        await Expect(visit.Page.Locator("#line")).ToContainTextAsync("@prompt.bin");
        await visit.WriteAsync();
        Assert.Equal(large, visit.Asked.Last().GetProperty("prompt").Deserialize<int[]>()!.Select(b => (byte)b));
        await visit.Page.Locator("#file-remove").ClickAsync();
        await Expect(visit.Page.Locator("#prompt")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task It_stops_when_told_and_goes_on_from_there()
    {
        await using var visit = await site.VisitAsync();
        await visit.ForbidEndAsync();
        await visit.SetAsync(("max_tokens", "8000"), ("seed", "2"));
        await visit.Page.Locator("#write").ClickAsync();
        await Expect(visit.Page.Locator("#read-written")).Not.ToHaveTextAsync("0");
        await visit.Page.Locator("#stop").ClickAsync();
        await visit.EndAsync();
        await Expect(visit.Page.Locator("#ending")).ToContainTextAsync("You stopped it.");
        var stopped = await visit.ShownAsync();
        Assert.InRange(stopped.Length, 1, 7999);

        await visit.Page.UnrouteAsync("**/v1/completions");
        await visit.SetAsync(("max_tokens", "30"));
        await visit.Page.Locator("#continue").ClickAsync();
        await visit.EndAsync();
        var prompt = visit.Asked.Last().GetProperty("prompt").Deserialize<int[]>()!.Select(b => (byte)b).ToArray();
        Assert.Equal([.. "And the LORD said unto Moses,"u8.ToArray(), .. stopped], prompt);
        var more = await BytesAsync(prompt, "max_bytes=30&temperature=0.7&seed=2");
        var shown = await visit.ShownAsync();
        Assert.Equal([.. stopped, .. more], shown);
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("completions")]
    public async Task The_line_gives_a_shell_the_same_bytes(string kind)
    {
        await using var visit = await site.VisitAsync();
        await visit.PromptAsync(Raw);
        await visit.SetAsync(("max_tokens", "60"), ("temperature", "1.2"), ("top_k", "50"), ("repetition_penalty", "1.1"),
            ("stop", "zzz\\n'"));
        await visit.WriteAsync();
        var shown = await visit.ShownAsync();
        await visit.Page.Locator($"#line-kind input[value={kind}]").CheckAsync();
        var printed = await visit.RunLineAsync();
        Assert.Equal(shown, kind == "bytes" ? printed : Tokens(Encoding.UTF8.GetString(printed)));

        static byte[] Tokens(string stream) => [.. stream.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line[6..]).RootElement.GetProperty("choices"))
            .Where(choices => choices.GetArrayLength() > 0 && choices[0].GetProperty("logprobs").ValueKind == JsonValueKind.Object)
            .SelectMany(choices => choices[0].GetProperty("logprobs").GetProperty("token_ids").EnumerateArray())
            .Select(id => id.GetByte())];
    }

    [Fact]
    public async Task Every_setting_reaches_the_service_under_its_name()
    {
        await using var visit = await site.VisitAsync();
        await visit.SetAsync(("max_tokens", "6"), ("temperature", "0.5"), ("top_k", "40"), ("top_p", "0.9"), ("min_p", "0.05"),
            ("repetition_penalty", "1.2"), ("presence_penalty", "0.3"), ("frequency_penalty", "-0.2"), ("seed", "77"), ("logprobs", "2"),
            ("logit_bias", "10:-100, 32:1.5"), ("stop", "\\n\\n\nAmen"));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#problem")).ToBeHiddenAsync();
        var asked = visit.Asked.Single();
        Assert.Equal((0.5, 40, 0.9, 0.05, 1.2), (Number("temperature"), (int)Number("top_k"), Number("top_p"), Number("min_p"),
            Number("repetition_penalty")));
        Assert.Equal((0.3, -0.2, 77, 2, 6), (Number("presence_penalty"), Number("frequency_penalty"), (int)Number("seed"),
            (int)Number("logprobs"), (int)Number("max_tokens")));
        Assert.Equal(["\n\n", "Amen"], asked.GetProperty("stop").Deserialize<string[]>()!);
        Assert.Equal("""{"10":-100,"32":1.5}""", asked.GetProperty("logit_bias").GetRawText());
        await Expect(visit.Page.Locator("#line")).ToContainTextAsync("/v1/completions");

        double Number(string name) => asked.GetProperty(name).GetDouble();
    }

    private async Task<byte[]> BytesAsync(byte[] prompt, string query)
    {
        using var answer = await site.Http.PostAsync($"{site.Url}/v1/bytes?{query}", new ByteArrayContent(prompt));
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync();
    }

    private static Task DropAsync(Visit visit, string name, byte[] bytes) => visit.Page.EvaluateAsync("""
        ([name, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(bytes)], name));
            const event = kind => new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
            const place = document.getElementById("prompt");
            place.dispatchEvent(event("dragenter"));
            if (!document.querySelector(".dropping")) throw new Error("the page does not show that it takes a file");
            place.dispatchEvent(event("drop"));
        }
        """, new object[] { name, bytes.Select(b => (int)b).ToArray() });
}
