using System.Text;
using System.Text.Json.Nodes;

namespace HoloZero.Server.Tests;

/// <summary>POST /v1/chat/completions: the messages' text, continued.</summary>
public sealed class ChatTests(Shared shared)
{
    private const string Path = "/v1/chat/completions";
    private Service Service => shared.Service;

    [Theory]
    [InlineData("""[{"role":"user","content":"In the"}]""", "In the")]
    [InlineData("""[{"role":"system","content":"a"},{"role":"developer","content":"b"},{"role":"user","content":"c"}]""", "a\nb\nc")]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]""", "ab")]
    [InlineData("""[{"role":"user","content":"a","name":"me"},{"role":"assistant","content":"b","refusal":null,"tool_calls":null}]""",
        "a\nb")]
    public async Task It_continues_what_the_messages_say(string messages, string prompt)
    {
        var answer = await Service.AnswerAsync(Path, $$"""{"messages":{{messages}},"max_tokens":20,"seed":3}""");
        var expected = await Service.AnswerAsync("/v1/completions",
            new JsonObject { ["prompt"] = prompt, ["max_tokens"] = 20, ["seed"] = 3 }.ToJsonString());
        Assert.Equal("chat.completion", (string)answer["object"]!);
        Assert.StartsWith("chatcmpl-", (string)answer["id"]!);
        var choice = Assert.Single(answer["choices"]!.AsArray())!;
        Assert.Equal("assistant", (string)choice["message"]!["role"]!);
        Assert.Equal((string)expected["choices"]![0]!["text"]!, (string)choice["message"]!["content"]!);
        Assert.Equal(Encoding.UTF8.GetByteCount(prompt), (int)answer["usage"]!["prompt_tokens"]!);
        Assert.True(choice.AsObject().ContainsKey("logprobs"));
    }

    [Fact]
    public async Task The_configuration_says_how_messages_become_text()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Server:ChatMessage=<{role}>{content}",
            "HoloZero:Server:ChatSeparator=|", "HoloZero:Server:ChatSuffix=<assistant>", "HoloZero:Server:ChatMaxTokens=5");
        var answer = await service.AnswerAsync(Path,
            """{"messages":[{"role":"system","content":"a{role}"},{"role":"user","content":"b"}],"temperature":0}""");
        var expected = await service.AnswerAsync("/v1/completions",
            """{"prompt":"<system>a{role}|<user>b<assistant>","max_tokens":5,"temperature":0}""");
        Assert.Equal((string)expected["choices"]![0]!["text"]!, (string)answer["choices"]![0]!["message"]!["content"]!);
    }

    [Fact]
    public async Task A_stream_begins_with_the_role_and_is_the_whole_answer_in_pieces()
    {
        const string json = """
            {"messages":[{"role":"user","content":"In the"}],"max_completion_tokens":40,"seed":3,"n":2,"temperature":2,"logprobs":true,
            "top_logprobs":2}
            """;
        var whole = await Service.AnswerAsync(Path, json);
        var events = await Service.StreamAsync(Path,
            json.TrimEnd()[..^1] + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        Assert.All(events, piece => Assert.Equal("chat.completion.chunk", (string)piece["object"]!));
        Assert.Empty(events[^1]["choices"]!.AsArray());
        Assert.Equal((int)whole["usage"]!["completion_tokens"]!, (int)events[^1]["usage"]!["completion_tokens"]!);
        for (var index = 0; index < 2; index++)
        {
            var pieces = events[..^1].Select(piece => piece["choices"]![0]!).Where(choice => (int)choice["index"]! == index).ToArray();
            Assert.Equal("assistant", (string)pieces[0]["delta"]!["role"]!);
            Assert.All(pieces[1..], piece => Assert.False(piece["delta"]!.AsObject().ContainsKey("role")));
            Assert.Equal((string)whole["choices"]![index]!["message"]!["content"]!,
                string.Concat(pieces.Select(piece => (string?)piece["delta"]!["content"])));
            Assert.Equal((string)whole["choices"]![index]!["finish_reason"]!, (string)pieces[^1]["finish_reason"]!);
            Assert.Equal(whole["choices"]![index]!["logprobs"]!["content"]!.AsArray().Select(item => item!.ToJsonString()),
                pieces[1..].SelectMany(piece => piece["logprobs"]!["content"]!.AsArray()).Select(item => item!.ToJsonString()));
        }

        var token = whole["choices"]![0]!["logprobs"]!["content"]![0]!;
        Assert.Equal(["token", "logprob", "bytes", "top_logprobs"], token.AsObject().Select(field => field.Key));
        Assert.Equal(2, token["top_logprobs"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages":"a"}""", "messages")]
    [InlineData("""{"messages":["a"]}""", "messages[0]")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"tool","content":"a","tool_call_id":"1"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user","content":5}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"user","content":"\ud800"}]}""", "messages[1].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"\ud800":1}]}]}""", null)]
    [InlineData("""{"messages":[{"role":"assistant","content":"a","tool_calls":[]}]}""", "messages[0].tool_calls")]
    [InlineData("""{"messages":[{"role":"user","content":"a","bogus":1}]}""", "messages[0].bogus")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"tools":[]}""", "tools")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"tool_choice":"none"}""", "tool_choice")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}}""", "response_format")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"modalities":["audio"]}""", "modalities")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"store":true}""", "store")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logprobs":true,"top_logprobs":21}""", "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logprobs":3}""", "logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"best_of":2}""", "best_of")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"bogus":2}""", "bogus")]
    public async Task What_cannot_be_served_is_refused_by_name(string json, string? param)
    {
        var (status, named, _, _) = await Service.ErrorAsync(Path, json);
        Assert.Equal((400, param), (status, named));
    }

    [Fact]
    public async Task What_says_the_default_is_taken()
    {
        _ = await Service.AnswerAsync(Path, """
            {"messages":[{"role":"user","content":"a"}],"max_tokens":1,"response_format":{"type":"text"},"modalities":["text"],
            "store":false,"service_tier":"auto","user":"me","metadata":{"a":"b"},"tools":null,"logprobs":false}
            """);
    }
}
