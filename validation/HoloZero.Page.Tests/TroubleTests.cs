using System.Text;
using static Microsoft.Playwright.Assertions;

namespace HoloZero.Page.Tests;

/// <summary>When the service refuses, breaks off or is gone: words, and a page that still works.</summary>
public sealed class TroubleTests(Site site)
{
    private const string Completions = "**/v1/completions";

    [Theory]
    [InlineData(429, "256 requests wait.", "busy", "Try again in 7 s", "256 requests wait.")]
    [InlineData(503, "The model loads.", "not ready", "Try again in 7 s", "The model loads.")]
    [InlineData(400, "temperature is -1.", "HTTP 400", "temperature is -1.", "refused")]
    [InlineData(401, "No key.", "API key", "memory", "No key.")]
    public async Task A_refusal_is_told_in_words(int status, string message, params string[] said)
    {
        await using var visit = await site.VisitAsync();
        visit.ExpectsFailures = true;
        await visit.Page.RouteAsync(Completions, route => route.FulfillAsync(new()
        {
            Status = status,
            ContentType = "application/json",
            Body = $$$"""{"error":{"message":"{{{message}}}","type":"x","param":null,"code":null}}""",
            Headers = new Dictionary<string, string> { ["retry-after"] = "7" },
        }));
        await visit.WriteAsync();
        foreach (var part in said) await Expect(visit.Page.Locator("#problem")).ToContainTextAsync(part);

        await RequireItWritesAgainAsync(visit);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_told_and_found_again()
    {
        await using var visit = await site.VisitAsync();
        visit.ExpectsFailures = true;
        await visit.Page.RouteAsync(Completions, route => route.AbortAsync("connectionrefused"));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#problem")).ToContainTextAsync("cannot be reached");

        await RequireItWritesAgainAsync(visit);
    }

    [Fact]
    public async Task A_service_that_went_away_is_noticed_and_found_again_without_a_reload()
    {
        await using var visit = await site.VisitAsync(before: page => page.Clock.InstallAsync());
        visit.ExpectsFailures = true;
        await visit.Page.RouteAsync("**/health/ready", route => route.AbortAsync("connectionrefused"));
        await visit.Page.Clock.FastForwardAsync(20_000);
        await Expect(visit.Page.Locator("#state-words")).ToHaveTextAsync("the server cannot be reached");
        await visit.Page.UnrouteAsync("**/health/ready");
        await visit.Page.Clock.FastForwardAsync(2_000);
        await Expect(visit.Page.Locator("#state-words")).ToContainTextAsync("ready");
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"The host stops.\"}}\n\n", "The host stops.")]
    [InlineData("", "ended before it was complete")]
    public async Task A_stream_that_breaks_off_keeps_what_came(string end, string said)
    {
        await using var visit = await site.VisitAsync();
        await visit.Page.RouteAsync(Completions, route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = Chunk(0x41, 0xff) + end,
        }));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#problem")).ToContainTextAsync(said);
        Assert.Equal([0x41, 0xff], await visit.ShownAsync());
        await Expect(visit.Page.Locator("#continue")).ToBeEnabledAsync();
    }

    [Fact]
    public async Task A_model_that_loads_is_told_and_noticed_when_it_is_ready()
    {
        var loading = true;
        await using var visit = await site.VisitAsync(before: async page =>
        {
            await page.RouteAsync("**/health/ready", async route =>
            {
                if (loading) await route.FulfillAsync(new() { Status = 503, Body = "Unhealthy" });
                else await route.ContinueAsync();
            });
            page.DOMContentLoaded += async (_, _) =>
            {
                await Expect(page.Locator("#state-words")).ToHaveTextAsync("the model is loading");
                loading = false;
            };
        });
        visit.ExpectsFailures = true;
        await Expect(visit.Page.Locator("#state-words")).ToContainTextAsync("ready");
        while (visit.Faults.TryDequeue(out var fault)) Assert.Contains("503", fault);
    }

    [Fact]
    public async Task A_key_is_sent_kept_in_memory_and_written_down_nowhere()
    {
        await using var visit = await site.VisitAsync();
        var sent = new TaskCompletionSource<string?>();
        visit.Page.Request += async (_, request) =>
        {
            if (request.Url.EndsWith("/v1/completions", StringComparison.Ordinal))
                sent.TrySetResult(await request.HeaderValueAsync("authorization"));
        };
        await visit.Page.Locator("#key").FillAsync("sk-secret");
        await visit.SetAsync(("max_tokens", "3"));
        await visit.WriteAsync();
        Assert.Equal("Bearer sk-secret", await sent.Task);
        await Expect(visit.Page.Locator("#line")).ToContainTextAsync("$HOLOZERO_API_KEY");
        Assert.DoesNotContain("sk-secret", await visit.Page.Locator("body").InnerTextAsync());
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator("#key")).ToHaveValueAsync("");
    }

    [Theory]
    [InlineData("top_k", "999", "Top-k")]
    [InlineData("max_tokens", "", "Bytes")]
    [InlineData("stop", "\\q", "Stop")]
    [InlineData("logit_bias", "300:1", "Byte bias")]
    [InlineData("seed", "x", "Seed")]
    public async Task A_setting_that_cannot_be_is_named_and_nothing_is_sent(string name, string value, string said)
    {
        await using var visit = await site.VisitAsync();
        await visit.SetAsync((name, value));
        await visit.Page.Locator("#write").ClickAsync();
        await Expect(visit.Page.Locator("#problem")).ToContainTextAsync(said);
        await AssertNothingWasSentAsync(visit);
    }

    [Fact]
    public async Task Hexadecimal_that_is_none_is_named_and_nothing_is_sent()
    {
        await using var visit = await site.VisitAsync();
        await visit.Page.Locator("#mode input[value=hex]").CheckAsync();
        await visit.Page.Locator("#prompt").FillAsync("41 4");
        await Expect(visit.Page.Locator("#prompt-problem")).ToContainTextAsync("odd number");
        await visit.Page.Locator("#write").ClickAsync();
        await Expect(visit.Page.Locator("#problem")).ToContainTextAsync("odd number");
        await AssertNothingWasSentAsync(visit);
    }

    [Fact]
    public async Task A_byte_that_a_draft_guessed_says_so()
    {
        await using var visit = await site.VisitAsync();
        await visit.Page.RouteAsync(Completions, route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = Chunk(0x41, 0x42).Replace("[false,false]", "[false,true]") + "data: [DONE]\n\n",
        }));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#read-drafted")).ToHaveTextAsync("50");
        await Expect(visit.Page.Locator(".cell.drafted")).ToHaveCountAsync(1);
        await visit.Page.Locator("[data-i='1']").HoverAsync();
        await Expect(visit.Page.Locator("#inspected-draft")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#byte-grid"))
            .ToHaveAttributeAsync("aria-valuetext", "B, 0x42, 66, 50 percent, guessed by a draft");
    }

    /// <summary>Waits until what a click began would have been sent.</summary>
    private static async Task AssertNothingWasSentAsync(Visit visit)
    {
        // What a click began is in the browser's queue before this is.
        await visit.Page.EvaluateAsync("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 200))");
        await Expect(visit.Page.Locator("body")).Not.ToHaveClassAsync("running");
        await Expect(visit.Page.Locator("#read-written")).ToHaveTextAsync("0");
        Assert.Empty(visit.Asked);
    }

    /// <summary>One event of a stream: these bytes, each with a probability of one half.</summary>
    internal static string Chunk(params byte[] bytes)
    {
        var numbers = string.Join(',', bytes);
        var halves = string.Join(',', bytes.Select(_ => "-0.6931471805599453"));
        var builder = new StringBuilder("data: {\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":null,\"logprobs\":{");
        builder.Append("\"token_ids\":[").Append(numbers).Append("],\"token_logprobs\":[").Append(halves).Append("],\"top_logprobs\":[")
            .AppendJoin(',', bytes.Select(_ => "{\"a\":-1.2,\"b\":-2,\"c\":-3}")).Append("],\"drafted\":[")
            .AppendJoin(',', bytes.Select(_ => "false")).Append("]}}],\"usage\":null}\n\n");
        return builder.ToString();
    }

    private static async Task RequireItWritesAgainAsync(Visit visit)
    {
        await visit.Page.UnrouteAsync(Completions);
        await visit.ForbidEndAsync();
        await visit.SetAsync(("max_tokens", "5"));
        await visit.WriteAsync();
        await Expect(visit.Page.Locator("#problem")).ToBeHiddenAsync();
        await Expect(visit.Page.Locator("#read-written")).ToHaveTextAsync("5");
    }
}
