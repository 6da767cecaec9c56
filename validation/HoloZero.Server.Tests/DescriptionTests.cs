using System.Text.Json.Nodes;

namespace HoloZero.Server.Tests;

/// <summary>Every field that /openapi/v1.json tells is known to its endpoint.</summary>
public sealed class DescriptionTests(Shared shared)
{
    [Theory]
    [InlineData("/v1/completions", """{"prompt":"a","max_tokens":1}""")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"max_tokens":1}""")]
    [InlineData("/v1/score", """{"input":"abc"}""")]
    [InlineData("/v1/features", """{"input":"abc"}""")]
    public async Task Every_field_that_is_told_is_known_and_its_example_works(string path, string least)
    {
        var operation = await OperationAsync(path);
        var content = operation["requestBody"]!["content"]!["application/json"]!;
        var example = content["example"]!.DeepClone().AsObject();
        example["model"] = Service.Model;
        _ = await shared.Service.AnswerAsync(path, example.ToJsonString());
        Assert.NotNull(operation["responses"]!["200"]!["content"]!["application/json"]!["example"]);
        foreach (var (name, _) in content["schema"]!["properties"]!.AsObject())
        {
            var request = JsonNode.Parse(least)!.AsObject();
            // Of no type that any field takes.
            request[name] = new JsonArray(new JsonArray(new JsonObject()));
            var (_, body, _) = await shared.Service.PostAsync(path, request.ToJsonString());
            Assert.NotEqual("unknown_parameter", (string?)body["error"]?["code"]);
        }
    }

    [Theory]
    [InlineData("/v1/bytes?max_bytes=1&")]
    [InlineData("/v1/window?")]
    [InlineData("/v1/window/show?")]
    public async Task Every_option_of_a_query_that_is_told_is_known(string path)
    {
        foreach (var parameter in (await OperationAsync(path.Split('?')[0]))["parameters"]!.AsArray())
        {
            using var content = new ByteArrayContent("abc"u8.ToArray());
            var name = (string)parameter!["name"]!;
            using var response = await shared.Service.Client.PostAsync($"{path}{name}=~", content, Service.Token);
            var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!;
            Assert.NotEqual("unknown_parameter", (string?)body["error"]?["code"]);
        }
    }

    [Theory]
    [InlineData("/v1/bytes", "picture sound at caption prompt")]
    [InlineData("/v1/window", "picture sound at caption")]
    public async Task Every_field_of_a_form_that_is_told_is_known(string path, string names)
    {
        var form = (await OperationAsync(path))["requestBody"]!["content"]!["multipart/form-data"]!;
        Assert.Equal(names.Split(' '), form["schema"]!["properties"]!.AsObject().Select(field => field.Key));
        Assert.Equal("a bird", (string)form["example"]!["caption"]!);
        foreach (var name in names.Split(' '))
        {
            using var content = new MultipartFormDataContent { { new ByteArrayContent("~"u8.ToArray()), name } };
            using var response = await shared.Service.Client.PostAsync($"{path}?layout=digits", content, Service.Token);
            Assert.DoesNotContain("unknown_parameter", await response.Content.ReadAsStringAsync(Service.Token));
        }

        using var example = new MultipartFormDataContent();
        foreach (var (name, value) in form["example"]!.AsObject()) example.Add(new StringContent(value!.ToString()), name);
        using var made = await shared.Service.Client.PostAsync(path, example, Service.Token);
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Service.Token));
    }

    [Fact]
    public async Task Every_path_of_the_protocol_is_told()
    {
        var document = JsonNode.Parse(await shared.Service.Client.GetStringAsync("/openapi/v1.json", Service.Token))!;
        Assert.Equal(["/v1/bytes", "/v1/chat/completions", "/v1/completions", "/v1/features", "/v1/models", "/v1/models/{id}", "/v1/score",
            "/v1/window", "/v1/window/show"], document["paths"]!.AsObject().Select(path => path.Key).Order(StringComparer.Ordinal));
        Assert.All(document["paths"]!.AsObject(), path => Assert.All(path.Value!.AsObject(),
            operation => Assert.NotEmpty((string)operation.Value!["summary"]!)));
        Assert.DoesNotContain("127.0.0.1", document.ToJsonString());
    }

    private async Task<JsonNode> OperationAsync(string path) =>
        JsonNode.Parse(await shared.Service.Client.GetStringAsync("/openapi/v1.json", Service.Token))!["paths"]![path]!["post"]!;
}
