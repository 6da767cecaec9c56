using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HoloZero.Hosting;
using HoloZero.Runtime;
using HoloZero.Server.Tests;
using HoloZero.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(Shared))]

namespace HoloZero.Server.Tests;

/// <summary>The tiny model in two variants, exported once, and a service that tests share who neither stop nor exhaust it.</summary>
public sealed class Shared : IAsyncLifetime
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32", "int8"] });

    /// <summary>The artifact.</summary>
    public string Folder => _exported.Folder;

    internal Service Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Service = await Service.StartAsync(Folder, "HoloZero:Server:Heartbeat=00:00:30");

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _exported.Dispose();
    }
}

/// <summary>The service in this process, on a real socket.</summary>
internal sealed class Service : IAsyncDisposable
{
    public const string Model = "tiny";
    public static readonly TimeSpan Enough = TimeSpan.FromSeconds(120);

    private readonly WebApplication _app;

    private Service(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Address, Timeout = Enough };
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public Uri Address { get; }

    public HttpClient Client { get; }

    public WebApplication App => _app;

    public HostedModel Hosted => _app.Services.GetRequiredKeyedService<HostedModel>(Model);

    public GeneratorStatistics Statistics => Hosted.Statistics!.Value;

    /// <summary>Starts one with the tiny model, which is ready when this returns.</summary>
    public static async Task<Service> StartAsync(string folder, params string[] keys)
    {
        var service = await StartLoadingAsync(folder, keys);
        await service.Hosted.WaitUntilReadyAsync(Token);
        return service;
    }

    /// <summary>Starts one whose model may still load.</summary>
    public static async Task<Service> StartLoadingAsync(string folder, params string[] keys)
    {
        var app = Program.Build([$"--HoloZero:Models:{Model}:Model={folder}", "--urls=http://127.0.0.1:0",
            "--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=None",
            .. keys.Select(key => $"--{key}")]);
        try
        {
            await app.StartAsync(Token);
            return new(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks for JSON, whatever the status.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body, HttpResponseMessage Response)> PostAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        var response = await Client.PostAsync(path, content, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        return (response.StatusCode, JsonNode.Parse(text)!, response);
    }

    /// <summary>Asks for JSON that must come.</summary>
    public async Task<JsonNode> AnswerAsync(string path, string json)
    {
        var (status, body, _) = await PostAsync(path, json);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    /// <summary>The error that a request must give.</summary>
    public async Task<(int Status, string? Param, string Message, string? Code)> ErrorAsync(string path, string json)
    {
        var (status, body, response) = await PostAsync(path, json);
        Assert.True((int)status >= 400, body.ToJsonString());
        Assert.StartsWith("req_", Assert.Single(response.Headers.GetValues("x-request-id")));
        return ErrorOf((int)status, body);
    }

    public static (int Status, string? Param, string Message, string? Code) ErrorOf(int status, JsonNode body)
    {
        var error = body["error"]!.AsObject();
        Assert.Equal(["message", "type", "param", "code"], error.Select(field => field.Key));
        return (status, (string?)error["param"], (string)error["message"]!, (string?)error["code"]);
    }

    /// <summary>Begins a stream and leaves it open.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return response;
    }

    /// <summary>The events of a stream, each parsed, up to and without [DONE], which must come.</summary>
    public async Task<List<JsonNode>> StreamAsync(string path, string json)
    {
        var (events, done) = await EventsAsync(path, json);
        Assert.True(done, "the stream ends without [DONE]");
        return events;
    }

    /// <summary>The events of a stream, and whether [DONE] came.</summary>
    public async Task<(List<JsonNode> Events, bool Done)> EventsAsync(string path, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.True(response.IsSuccessStatusCode, await (response.IsSuccessStatusCode ? Task.FromResult("")
            : response.Content.ReadAsStringAsync(Token)));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var (events, done) = (new List<JsonNode>(), false);
        while (await reader.ReadLineAsync(Token) is { } line)
        {
            if (line.Length == 0 || line[0] == ':') continue;
            Assert.False(done, "something follows [DONE]");
            Assert.StartsWith("data: ", line);
            if (line == "data: [DONE]") done = true;
            else events.Add(JsonNode.Parse(line["data: ".Length..])!);
        }

        return (events, done);
    }

    /// <summary>POST /v1/bytes.</summary>
    public async Task<byte[]> BytesAsync(byte[] prompt, string query)
    {
        using var content = new ByteArrayContent(prompt);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await Client.PostAsync($"/v1/bytes?{query}", content, Token);
        Assert.True(response.IsSuccessStatusCode, await (response.IsSuccessStatusCode ? Task.FromResult("")
            : response.Content.ReadAsStringAsync(Token)));
        return await response.Content.ReadAsByteArrayAsync(Token);
    }

    /// <summary>What the library generates by itself.</summary>
    public async Task<byte[]> LibraryAsync(byte[] prompt, GenerationOptions options)
    {
        var model = await Hosted.WaitUntilReadyAsync(Token);
        var bytes = new List<byte>();
        await foreach (var chunk in model.GenerateAsync(prompt, options, Token)) bytes.AddRange(chunk.Bytes.Span);
        return [.. bytes];
    }

    /// <summary>Waits until something holds, and fails where it never does.</summary>
    public static async Task EventuallyAsync(Func<bool> holds, string what)
    {
        for (var tries = 0; !holds(); tries++)
        {
            Assert.True(tries < 2_000, $"never: {what}");
            await Task.Delay(10, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
