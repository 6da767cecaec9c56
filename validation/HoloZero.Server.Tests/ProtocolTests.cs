using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using HoloZero.Runtime;

namespace HoloZero.Server.Tests;

/// <summary>Models, raw bytes, scores, features, errors of every kind, operations.</summary>
public sealed class ProtocolTests(Shared shared)
{
    private Service Service => shared.Service;

    [Fact]
    public async Task Models_are_listed_and_told_one_by_one()
    {
        var list = JsonNode.Parse(await Service.Client.GetStringAsync("/v1/models", Service.Token))!;
        Assert.Equal("list", (string)list["object"]!);
        var listed = Assert.Single(list["data"]!.AsArray())!;
        var one = JsonNode.Parse(await Service.Client.GetStringAsync("/v1/models/tiny", Service.Token))!;
        Assert.Equal(listed.ToJsonString(), one.ToJsonString());
        Assert.Equal(("tiny", "model", "holozero"), ((string)one["id"]!, (string)one["object"]!, (string)one["owned_by"]!));
        Assert.True((long)one["created"]! > 1_600_000_000);
        Assert.Equal(("Ready", "fp32", true, 2), ((string)one["holozero"]!["state"]!, (string)one["holozero"]!["variant"]!,
            (bool)one["holozero"]!["exact"]!, (int)one["holozero"]!["slot_bytes"]!));
    }

    [Theory]
    [InlineData("GET", "/v1/models/none", 404, "model")]
    [InlineData("GET", "/v1/models/..%2f..%2fetc", 404, "model")]
    [InlineData("GET", "/v1/nothing", 404, null)]
    [InlineData("GET", "/v1/completions", 405, null)]
    [InlineData("DELETE", "/v1/models", 405, null)]
    [InlineData("POST", "/v1/completions", 415, null)]
    [InlineData("POST", "/v1/bytes?max_bytes=1&bogus=1", 400, "bogus")]
    public async Task Errors_under_v1_are_OpenAIs(string method, string path, int status, string? param)
    {
        using var request = new HttpRequestMessage(new(method), path);
        using var response = await Service.Client.SendAsync(request, Service.Token);
        Assert.StartsWith("req_", Assert.Single(response.Headers.GetValues("x-request-id")));
        var error = Service.ErrorOf((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!);
        Assert.Equal((status, param), (error.Status, error.Param));
    }

    [Theory]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("GET", "/appsettings.json", 404)]
    [InlineData("GET", "/..%2fappsettings.json", 404)]
    [InlineData("POST", "/metrics/x", 404)]
    public async Task Errors_elsewhere_are_problem_details(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new(method), path);
        using var response = await Service.Client.SendAsync(request, Service.Token);
        Assert.StartsWith("req_", Assert.Single(response.Headers.GetValues("x-request-id")));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(status, (int)JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!["status"]!);
    }

    [Fact]
    public async Task Bytes_are_the_librarys_whatever_the_options()
    {
        byte[] prompt = [0, 255, 1, .. "And"u8];
        foreach (var (query, options) in ((string, GenerationOptions)[])
        [
            ("max_bytes=50&greedy", new() { MaxBytes = 50, Sampling = new() { Greedy = true } }),
            ("max_bytes=50&greedy=true&ignore_eos=true", new() { MaxBytes = 50, Sampling = new() { Greedy = true, AllowEos = false } }),
            ("max_bytes=50&seed=18446744073709551615&temperature=1.5&top_k=40&top_p=0.9&min_p=0.01&repetition_penalty=1.2&model=tiny",
                new()
                {
                    MaxBytes = 50,
                    Sampling = new()
                    {
                        Seed = ulong.MaxValue, Temperature = 1.5, TopK = 40, TopP = 0.9, MinP = 0.01, RepetitionPenalty = 1.2,
                    },
                }),
            ("max_bytes=200&seed=1&stream_bytes=32&max_prefix_slots=4&kept_stream_bytes=8&prefix_slots=1", new()
            {
                MaxBytes = 200, Sampling = new() { Seed = 1 }, PrefixSlots = 1,
                Window = new() { StreamBytes = 32, MaxPrefixSlots = 4, KeptStreamBytes = 8 },
            }),
            ("max_bytes=200&seed=1&stop=65&stop=2e0a", new()
            {
                MaxBytes = 200, Sampling = new() { Seed = 1 }, Stop = new([new byte[] { 0x65 }, new byte[] { 0x2e, 0x0a }]),
            }),
            ("max_bytes=0&seed=1", new() { MaxBytes = 0, Sampling = new() { Seed = 1 } }),
        ])
        {
            Assert.Equal(await Service.LibraryAsync(prompt, options), await Service.BytesAsync(prompt, query));
        }
    }

    [Theory]
    [InlineData("", "max_bytes")]
    [InlineData("max_bytes=-1", "max_bytes")]
    [InlineData("max_bytes=a", "max_bytes")]
    [InlineData("max_bytes=1&max_bytes=2", "max_bytes")]
    [InlineData("max_bytes=99999999", "max_bytes")]
    [InlineData("max_bytes=1&greedy=maybe", "greedy")]
    [InlineData("max_bytes=1&greedy&temperature=1", "temperature")]
    [InlineData("max_bytes=1&temperature=0", "temperature")]
    [InlineData("max_bytes=1&top_p=2", "top_p")]
    [InlineData("max_bytes=1&seed=-1", "seed")]
    [InlineData("max_bytes=1&stop=xyz", "stop")]
    [InlineData("max_bytes=1&stop=", "stop")]
    [InlineData("max_bytes=1&prefix_slots=7", "prefix_slots")]
    [InlineData("max_bytes=1&stream_bytes=1000000", "stream_bytes")]
    [InlineData("max_bytes=1&model=none", "model")]
    public async Task Options_of_bytes_are_refused_by_name(string query, string param)
    {
        using var content = new ByteArrayContent("abc"u8.ToArray());
        using var response = await Service.Client.PostAsync($"/v1/bytes?{query}", content, Service.Token);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!;
        Assert.Equal(param, Service.ErrorOf((int)response.StatusCode, body).Param);
        Assert.InRange((int)response.StatusCode, 400, 404);
    }

    [Fact]
    public async Task A_score_is_the_librarys()
    {
        var model = await Service.Hosted.WaitUntilReadyAsync(Service.Token);
        var text = Encoding.UTF8.GetBytes("And the LORD said unto Moses, Stretch out thine hand");
        var plain = await Service.AnswerAsync("/v1/score", new JsonObject { ["input"] = Encoding.UTF8.GetString(text) }.ToJsonString());
        Assert.Equal(Scoring.Score(model, text).BitsPerByte, (double)plain["bits_per_byte"]!);
        var numbers = new JsonArray([.. text.Select(value => (JsonNode)(int)value)]);
        var windows = await Service.AnswerAsync("/v1/score",
            new JsonObject { ["input"] = numbers, ["prefix_slots"] = 2, ["stream_bytes"] = 9, ["model"] = "tiny" }.ToJsonString());
        var expected = Scoring.Score(model, text, new() { PrefixSlots = 2, StreamBytes = 9 });
        Assert.Equal((expected.BitsPerByte, expected.Bytes, expected.Windows, 2, 9), ((double)windows["bits_per_byte"]!,
            (long)windows["bytes"]!, (int)windows["windows"]!, (int)windows["prefix_slots"]!, (int)windows["stream_bytes"]!));
    }

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("""{"input":""}""", "input")]
    [InlineData("""{"input":"a"}""", "input")]
    [InlineData("""{"input":[1,300]}""", "input")]
    [InlineData("""{"input":"abc","prefix_slots":-1}""", "prefix_slots")]
    [InlineData("""{"input":"abc","prefix_slots":1000}""", "input")]
    [InlineData("""{"input":"abc","stream_bytes":1}""", "stream_bytes")]
    [InlineData("""{"input":"abc","bogus":1}""", "bogus")]
    public async Task What_cannot_be_scored_is_refused_by_name(string json, string param)
    {
        var (status, named, _, _) = await Service.ErrorAsync("/v1/score", json);
        Assert.Equal((400, param), (status, named));
    }

    [Fact]
    public async Task Features_have_names_and_are_the_artifacts()
    {
        var model = await Service.Hosted.WaitUntilReadyAsync(Service.Token);
        using var library = ByteFeatures.Load(model.Artifact);
        var answer = await Service.AnswerAsync("/v1/features", """{"input":"a안"}""");
        Assert.Equal(library.Channels.Select(channel => channel.Name), answer["features"]!.AsArray().Select(name => (string)name!));
        Assert.Equal(library.Channels.Select(channel => (channel.Name, channel.Group, channel.Description)), answer["channels"]!.AsArray()
            .Select(item => ((string)item!["name"]!, (string)item["group"]!, (string)item["description"]!)));
        byte[] bytes = [.. "a안"u8];
        Assert.Equal(bytes, answer["bytes"]!.AsArray().Select(value => (byte)(int)value!));
        Assert.Equal(library.Compute(bytes), answer["values"]!.AsArray().SelectMany(row => row!.AsArray()).Select(value => (float)value!));
        Assert.All(answer["values"]!.AsArray(), row => Assert.Equal(27, row!.AsArray().Count));
        Assert.Equal("input", (await Service.ErrorAsync("/v1/features", """{"input":[]}""")).Param);
    }

    [Fact]
    public async Task Health_says_live_and_ready()
    {
        Assert.Equal("Healthy", await Service.Client.GetStringAsync("/health/live", Service.Token));
        Assert.Equal("Healthy", await Service.Client.GetStringAsync("/health/ready", Service.Token));
    }

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        _ = await Service.AnswerAsync("/v1/completions", """{"prompt":"metrics","max_tokens":7,"temperature":0}""");
        var text = await Service.Client.GetStringAsync("/metrics", Service.Token);
        foreach (var name in (string[])["gen_ai_server_request_duration_seconds_bucket", "gen_ai_server_time_to_first_token_seconds_sum",
            "gen_ai_server_time_per_output_token_seconds_count", "http_server_request_duration_seconds_count", "holozero_"])
        {
            Assert.Contains(name, text);
        }

        Assert.Contains("gen_ai_request_model=\"tiny\"", text);
    }

    [Fact]
    public async Task The_page_is_served_and_may_load_nothing_from_elsewhere()
    {
        using var response = await Service.Client.GetAsync("/", Service.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("default-src 'none'", Assert.Single(response.Headers.GetValues("content-security-policy")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("x-content-type-options")));
    }
}
