using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace HoloZero.Server.Tests;

/// <summary>Configuration, start, stop.</summary>
public sealed class LifetimeTests(Shared shared)
{
    private const string Endless = """{"prompt":"And","max_tokens":16384,"logit_bias":{"257":-100},"stream":true}""";

    [Theory]
    [InlineData("HoloZero:Server:MaxToken=5", "HoloZero:Server:MaxToken: is no option of the service; remove it; there are ApiKeyHashes, ")]
    [InlineData("HoloZero:Server:MaxTokens=0", "HoloZero:Server:MaxTokens: is 0, allowed are 1 to 16,777,216")]
    [InlineData("HoloZero:Server:MaxTokens=many", "HoloZero:Server:MaxTokens: 'many' is not of type Int32")]
    [InlineData("HoloZero:Server:RequestTimeout=-00:00:01", "HoloZero:Server:RequestTimeout: is -00:00:01, allowed are ")]
    [InlineData("HoloZero:Server:ApiKeyHashes:0=secret", "HoloZero:Server:ApiKeyHashes:0: is no SHA-256")]
    [InlineData("HoloZero:Server:ApiKeyHashes=secret", "HoloZero:Server:ApiKeyHashes: is one value; give it a list")]
    [InlineData("HoloZero:Server:CorsOrigins:0=example.org", "HoloZero:Server:CorsOrigins: 'example.org' is no origin")]
    [InlineData("HoloZero:Server:ChatMessage=hello", "HoloZero:Server:ChatMessage: has no {content}")]
    [InlineData("HoloZero:Server:OtlpEndpoint=collector", "HoloZero:Server:OtlpEndpoint: 'collector' is no address")]
    [InlineData("HoloZero:Models:a/b:Model=x", "HoloZero:Models:a/b: is no name for a model")]
    [InlineData("HoloZero:Server:DefaultModel=none", "HoloZero:Server:DefaultModel: there is no model 'none'; name one of 'tiny'")]
    [InlineData("settings=/nowhere.json", "settings: '/nowhere.json' is no file")]
    public void A_wrong_key_is_named_before_anything_starts(string key, string message)
    {
        var error = Assert.Throws<BadInputException>(() => Program.Build([$"--HoloZero:Models:tiny:Model={shared.Folder}", $"--{key}"]));
        Assert.StartsWith(message, error.Message);
    }

    [Fact]
    public void No_model_is_an_error() => Assert.StartsWith("HoloZero:Models: names no model",
        Assert.Throws<BadInputException>(() => Program.Build([])).Message);

    [Fact]
    public async Task A_chats_length_that_is_left_out_follows_a_smaller_limit_and_a_given_one_is_held_against_it()
    {
        await using (var service = await Service.StartLoadingAsync(shared.Folder, "HoloZero:Server:MaxTokens=100"))
            Assert.Equal(100, service.App.Services.GetRequiredService<ServerOptions>().ChatMaxTokens);
        Assert.StartsWith("HoloZero:Server:ChatMaxTokens: is 200, allowed are 1 to 100", Assert.Throws<BadInputException>(() =>
            Program.Build([$"--HoloZero:Models:tiny:Model={shared.Folder}", "--HoloZero:Server:MaxTokens=100",
                "--HoloZero:Server:ChatMaxTokens=200"])).Message);
        Assert.Equal(256, new ServerOptions().ChatMaxTokens);
    }

    [Fact]
    public async Task A_wrong_key_of_a_model_ends_the_start()
    {
        var error = await Assert.ThrowsAsync<BadInputException>(() =>
            Service.StartLoadingAsync(shared.Folder, "HoloZero:Models:tiny:MaxRow=1"));
        Assert.StartsWith("HoloZero:Models:tiny:MaxRow: is no option of a model", error.Message);
    }

    [Fact]
    public async Task A_settings_file_counts_less_than_the_command_line()
    {
        using var folder = new HoloZero.Testing.TemporaryFolder();
        await File.WriteAllTextAsync(folder["settings.json"],
            """{"HoloZero":{"Server":{"ChatMaxTokens":3,"MaxTokens":7,"ApiKeyHashes":[]}}}""", Service.Token);
        await using var service = await Service.StartAsync(shared.Folder, $"settings={folder["settings.json"]}",
            "HoloZero:Server:MaxTokens=8");
        var options = service.App.Services.GetRequiredService<ServerOptions>();
        Assert.Equal((3, 8), (options.ChatMaxTokens, options.MaxTokens));
    }

    [Fact]
    public async Task It_lives_before_it_is_ready_and_says_so()
    {
        // Nothing is here to load: it stays as it is while the model fails, if the host may.
        await using var service = await Service.StartLoadingAsync("/nowhere", "HoloZero:Models:tiny:StopHostOnFailure=false");
        Assert.Equal("Healthy", await service.Client.GetStringAsync("/health/live", Service.Token));
        await Service.EventuallyAsync(() => service.Hosted.State == HostedModelState.Failed, "it fails");
        using var ready = await service.Client.GetAsync("/health/ready", Service.Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        var (status, _, message, code) = await service.ErrorAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal((503, "model_failed"), (status, code));
        Assert.DoesNotContain("nowhere", message);
        var listed = JsonNode.Parse(await service.Client.GetStringAsync("/v1/models/tiny", Service.Token))!;
        Assert.Equal("Failed", (string)listed["holozero"]!["state"]!);
        Assert.Null(listed["holozero"]!["variant"]);
    }

    [Fact]
    public async Task Two_models_answer_by_their_names_and_the_first_where_none_is_named()
    {
        await using var service = await Service.StartAsync(shared.Folder, $"HoloZero:Models:other:Model={shared.Folder}",
            "HoloZero:Models:other:Variant=int8", "HoloZero:Server:DefaultModel=tiny");
        await service.App.Services.GetRequiredKeyedService<HostedModel>("other").WaitUntilReadyAsync(Service.Token);
        var list = JsonNode.Parse(await service.Client.GetStringAsync("/v1/models", Service.Token))!;
        var names = list["data"]!.AsArray().Select(model => (string)model!["id"]!).ToArray();
        Assert.Equal(["tiny", "other"], names);
        var prints = new HashSet<string>();
        foreach (var name in names)
        {
            var answer = await service.AnswerAsync("/v1/completions", $$"""{"model":"{{name}}","prompt":"a","temperature":0}""");
            Assert.Equal(name, (string)answer["model"]!);
            prints.Add((string)answer["system_fingerprint"]!);
        }

        Assert.Equal(2, prints.Count);
        Assert.Equal(names[0], (string)(await service.AnswerAsync("/v1/completions", "{}"))["model"]!);
    }

    [Fact]
    public async Task At_the_end_what_runs_ends_by_itself_within_the_grace_and_nothing_new_is_taken()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:StopGrace=00:01:00");
        var running = service.StreamAsync("/v1/completions",
            """{"prompt":"And","max_tokens":2000,"seed":1,"logit_bias":{"257":-100},"stream":true}""");
        await Service.EventuallyAsync(() => service.Statistics.Rows == 1, "it runs");
        var stopping = service.App.StopAsync(CancellationToken.None);
        await Service.EventuallyAsync(() => service.Hosted.State >= HostedModelState.Stopping, "it stops");
        await AssertRefusedAsync(service);
        var pieces = await running;
        Assert.Equal("length", (string)pieces[^1]["choices"]![0]!["finish_reason"]!);
        await stopping;
    }

    [Fact]
    public async Task What_does_not_end_within_the_grace_is_told_why()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:StopGrace=00:00:00.2",
            "HoloZero:Models:tiny:MaxRows=1");
        var running = service.EventsAsync("/v1/completions", Endless);
        await Service.EventuallyAsync(() => service.Statistics.Rows == 1, "one runs");
        var waiting = service.PostAsync("/v1/completions", """{"prompt":"a","max_tokens":10}""");
        await Service.EventuallyAsync(() => service.Statistics is { Rows: 1, Queued: 1 }, "one runs and one waits");
        await service.App.StopAsync(CancellationToken.None);
        var (events, done) = await running;
        Assert.False(done);
        Assert.Equal("shutting_down", (string)events[^1]["error"]!["code"]!);
        var (status, body, response) = await waiting;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("shutting_down", Service.ErrorOf(503, body).Code);
        Assert.True(response.Headers.RetryAfter is not null);
    }

    /// <summary>By an error that says so, or by a connection that nobody takes.</summary>
    private static async Task AssertRefusedAsync(Service service)
    {
        try
        {
            using var content = new StringContent("""{"prompt":"a"}""", Encoding.UTF8, "application/json");
            using var response = await service.Client.PostAsync("/v1/completions", content, Service.Token);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        }
        catch (HttpRequestException)
        {
            // Nobody listens any more.
        }
    }
}
