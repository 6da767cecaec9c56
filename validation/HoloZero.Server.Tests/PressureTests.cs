using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace HoloZero.Server.Tests;

/// <summary>Too many, too slow, gone: what the service does then, and that it is as before afterwards.</summary>
public sealed class PressureTests(Shared shared)
{
    private const string Path = "/v1/completions";
    private const string Endless = """{"prompt":"And","max_tokens":16384,"logit_bias":{"257":-100},"stream":true}""";

    [Fact]
    public async Task Who_comes_when_all_wait_is_told_to_come_again_and_gets_in_then()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:MaxRows=1",
            "HoloZero:Models:tiny:MaxQueued=1", "HoloZero:Server:RetryAfterSeconds=3");
        using var first = await service.OpenAsync(Path, Endless);
        using var second = await service.OpenAsync(Path, Endless);
        foreach (var json in (string[])["""{"prompt":"a"}""", """{"prompt":"a","stream":true}""", """{"prompt":"a","n":4}"""])
        {
            var (status, body, response) = await service.PostAsync(Path, json);
            Assert.Equal((HttpStatusCode)429, status);
            Assert.Equal("3", Assert.Single(response.Headers.GetValues("retry-after")));
            Assert.Equal("queue_full", Service.ErrorOf(429, body).Code);
        }

        first.Dispose();
        second.Dispose();
        await Service.EventuallyAsync(() => service.Statistics is { Rows: 0, Queued: 0 }, "places are free");
        _ = await service.AnswerAsync(Path, """{"prompt":"a"}""");
    }

    [Fact]
    public async Task A_request_is_taken_whole_or_not_at_all()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:MaxRows=2",
            "HoloZero:Models:tiny:MaxQueued=2");
        Assert.Equal(429, (await service.ErrorAsync(Path, """{"prompt":["a","b","c"],"n":2,"max_tokens":1000}""")).Status);
        await Service.EventuallyAsync(() => service.Statistics is { Rows: 0, Queued: 0 }, "nothing of it is left");
        var answer = await service.AnswerAsync(Path, """{"prompt":["a","b"],"n":2,"max_tokens":20}""");
        Assert.Equal(4, answer["choices"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_caller_that_goes_away_frees_its_row_and_leaves_its_neighbour_alone()
    {
        await using var service = await Service.StartAsync(shared.Folder);
        var expected = await service.LibraryAsync("In the"u8.ToArray(), new()
        {
            MaxBytes = 400, Sampling = new() { Seed = 1, LogitBias = new Dictionary<int, float> { [257] = -100 } },
        });
        var neighbour = service.StreamAsync(Path,
            """{"prompt":"In the","max_tokens":400,"seed":1,"logit_bias":{"257":-100},"stream":true,"logprobs":0}""");
        var before = service.Statistics.Cancelled;
        using (await service.OpenAsync(Path, Endless))
            await Service.EventuallyAsync(() => service.Statistics.Rows >= 1, "it runs");
        await Service.EventuallyAsync(() => service.Statistics.Cancelled == before + 1, "it is cancelled");
        var ids = (await neighbour).SelectMany(piece => piece["choices"]![0]!["logprobs"]!["token_ids"]!.AsArray());
        Assert.Equal(expected, ids.Select(id => (byte)(int)id!));
        await Service.EventuallyAsync(() => service.Statistics.Rows == 0, "all rows are free");

        // One that waits for its whole answer, and one whose places are several.
        foreach (var json in (string[])["""{"prompt":"a","max_tokens":16384,"logit_bias":{"257":-100}}""",
            """{"prompt":"a","n":3,"max_tokens":16384,"logit_bias":{"257":-100}}"""])
        {
            using var gone = new CancellationTokenSource();
            using var content = new StringContent(json, Encoding.UTF8, "application/json");
            var asking = service.Client.PostAsync(Path, content, gone.Token);
            await Service.EventuallyAsync(() => service.Statistics.Rows > 0, "it runs");
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
            await Service.EventuallyAsync(() => service.Statistics.Rows == 0, "its rows are free");
        }
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_bounded_memory_and_none_of_its_neighbours()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:MaxUnreadBytes=64",
            "HoloZero:Models:tiny:MaxRows=1", "HoloZero:Server:MaxTokens=1000000", "HoloZero:Server:MaxRequestTokens=1000000");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(service.Address.Host, service.Address.Port, Service.Token);
        var body = Encoding.UTF8.GetBytes(Endless.Replace("16384", "1000000", StringComparison.Ordinal));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST {Path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n"), Service.Token);
        await socket.SendAsync(body, Service.Token);
        await Service.EventuallyAsync(() => service.Statistics.GeneratedBytes > 100, "it generates");
        long generated;
        do
        {
            generated = service.Statistics.GeneratedBytes;
            await Task.Delay(500, Service.Token);
        }
        while (service.Statistics.GeneratedBytes > generated);
        Assert.True(generated < 200_000, $"{generated} bytes are generated for nobody");

        // Its row is somebody else's meanwhile, though there is one alone.
        _ = await service.AnswerAsync(Path, """{"prompt":"In the","max_tokens":30}""");
        socket.Close();
        await Service.EventuallyAsync(() => service.Statistics.Cancelled > 0, "it is cancelled");
    }

    [Fact]
    public async Task A_request_that_takes_too_long_ends_and_says_so()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Server:RequestTimeout=00:00:00.6",
            "HoloZero:Models:tiny:MaxRows=2");
        using var first = await service.OpenAsync(Path, Endless.Replace("\"stream\"", "\"n\":2,\"stream\"", StringComparison.Ordinal));
        var (status, _, _, code) = await service.ErrorAsync(Path, """{"prompt":"a","max_tokens":16384,"logit_bias":{"257":-100}}""");
        Assert.Equal((504, "timeout"), (status, code));
        var (events, done) = await service.EventsAsync(Path, Endless);
        Assert.False(done);
        Assert.Equal("timeout", (string)events[^1]["error"]!["code"]!);
        await Service.EventuallyAsync(() => service.Statistics.Rows == 0, "its row is free");
    }

    [Fact]
    public async Task A_stream_that_waits_gets_heartbeats()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:MaxRows=1",
            "HoloZero:Server:Heartbeat=00:00:00.1");
        using var first = await service.OpenAsync(Path, Endless);
        using var second = await service.OpenAsync(Path, Endless);
        using var reader = new StreamReader(await second.Content.ReadAsStreamAsync(Service.Token));
        Assert.Equal(": heartbeat", await reader.ReadLineAsync(Service.Token));
    }

    [Fact]
    public async Task Texts_to_score_wait_in_a_bounded_queue()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Server:MaxScoreQueued=0");
        var text = new JsonObject { ["input"] = new string('a', 8_000), ["prefix_slots"] = 24, ["stream_bytes"] = 9 }.ToJsonString();
        var statuses = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => (await service.PostAsync("/v1/score", text)).Status));
        Assert.Contains(HttpStatusCode.OK, statuses);
        Assert.Contains((HttpStatusCode)429, statuses);
        Assert.All(statuses, status => Assert.True(status is HttpStatusCode.OK or (HttpStatusCode)429));
        _ = await service.AnswerAsync("/v1/score", """{"input":"abc"}""");
    }

    [Fact]
    public async Task Keys_are_asked_for_where_some_are_configured()
    {
        const string hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        await using var service = await Service.StartAsync(shared.Folder, $"HoloZero:Server:ApiKeyHashes:0={new string('0', 64)}",
            $"HoloZero:Server:ApiKeyHashes:1={hash.ToUpperInvariant()}");
        foreach (var (authorization, status) in ((string?, int)[])
            [(null, 401), ("Bearer wrong", 401), ("Bearer ", 401), ("Basic secret", 401), ("Bearer secret", 200), ("bearer  secret ", 200)])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            if (authorization is not null) Assert.True(request.Headers.TryAddWithoutValidation("Authorization", authorization));
            using var response = await service.Client.SendAsync(request, Service.Token);
            Assert.Equal((authorization, status), (authorization, (int)response.StatusCode));
            if (status == 200) continue;
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!;
            Assert.Equal("invalid_api_key", Service.ErrorOf(401, body).Code);
            Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
        }

        Assert.Equal("Healthy", await service.Client.GetStringAsync("/health/ready", Service.Token));
        Assert.Equal(401, (await service.ErrorAsync("/V1/completions", "{}")).Status);
    }

    [Fact]
    public async Task Other_origins_are_let_in_only_where_they_are_configured()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Server:CorsOrigins:0=https://a.example");
        Assert.Equal("https://a.example", await AllowedAsync(service, "https://a.example"));
        Assert.Null(await AllowedAsync(service, "https://b.example"));
        Assert.Null(await AllowedAsync(shared.Service, "https://a.example"));

        static async Task<string?> AllowedAsync(Service service, string origin)
        {
            using var request = new HttpRequestMessage(HttpMethod.Options, Path);
            request.Headers.Add("Origin", origin);
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "content-type,authorization");
            using var response = await service.Client.SendAsync(request, Service.Token);
            return response.Headers.TryGetValues("access-control-allow-origin", out var allowed) ? allowed.Single() : null;
        }
    }

    [Fact]
    public async Task A_body_that_comes_a_byte_a_second_ends_and_holds_nobody()
    {
        await using var service = await Service.StartAsync(shared.Folder);
        using var socket = new TcpClient();
        await socket.ConnectAsync(service.Address.Host, service.Address.Port, Service.Token);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"), Service.Token);
        var answer = new StreamReader(stream).ReadLineAsync(Service.Token).AsTask();
        for (var second = 0; second < 60 && !answer.IsCompleted; second++)
        {
            try
            {
                await stream.WriteAsync("{"u8.ToArray(), Service.Token);
            }
            catch (IOException)
            {
                // It is closed already.
            }

            _ = await service.AnswerAsync(Path, """{"prompt":"a","max_tokens":2}""");
            await Task.Delay(1000, Service.Token);
        }

        Assert.Contains(" 408 ", await answer);
    }
}
