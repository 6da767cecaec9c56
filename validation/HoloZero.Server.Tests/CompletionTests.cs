using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using HoloZero.Runtime;

namespace HoloZero.Server.Tests;

/// <summary>POST /v1/completions: every field, against what the library does.</summary>
public sealed class CompletionTests(Shared shared)
{
    private const string Path = "/v1/completions";
    private static readonly byte[] Prompt = [.. "And God said, "u8];
    private Service Service => shared.Service;

    private static GenerationOptions Options(long bytes, SamplingOptions sampling) => new() { MaxBytes = bytes, Sampling = sampling };

    private static string Text(JsonNode answer, int index = 0) => (string)answer["choices"]![index]!["text"]!;

    [Fact]
    public async Task The_bytes_are_the_librarys_and_tokens_are_bytes()
    {
        var expected = await Service.LibraryAsync(Prompt, Options(40, new() { Seed = 7, Temperature = 0.8, TopP = 0.9 }));
        var answer = await Service.AnswerAsync(Path,
            """{"model":"tiny","prompt":"And God said, ","max_tokens":40,"temperature":0.8,"top_p":0.9,"seed":7,"logprobs":0}""");
        Assert.Equal(["id", "object", "created", "model", "system_fingerprint", "choices", "usage"],
            answer.AsObject().Select(field => field.Key));
        Assert.StartsWith("cmpl-", (string)answer["id"]!);
        Assert.Equal("text_completion", (string)answer["object"]!);
        Assert.Equal("tiny", (string)answer["model"]!);
        Assert.StartsWith("fp_", (string)answer["system_fingerprint"]!);
        var choice = Assert.Single(answer["choices"]!.AsArray())!;
        Assert.Equal(Encoding.UTF8.GetString(expected), (string)choice["text"]!);
        Assert.Equal(expected, Bytes(choice));
        Assert.Equal(expected.Length < 40 ? "stop" : "length", (string)choice["finish_reason"]!);
        Assert.Equal((Prompt.Length, expected.Length, Prompt.Length + expected.Length), ((int)answer["usage"]!["prompt_tokens"]!,
            (int)answer["usage"]!["completion_tokens"]!, (int)answer["usage"]!["total_tokens"]!));
    }

    [Theory]
    [InlineData("""{"prompt":"And God said, ","temperature":0}""")]
    [InlineData("""{"prompt":"And God said, ","temperature":0,"seed":5,"top_p":0.5,"top_k":3,"min_p":0.1}""")]
    [InlineData("""{"prompt":["And God said, "],"temperature":0,"max_tokens":16}""")]
    [InlineData("""{"prompt":[65,110,100,32,71,111,100,32,115,97,105,100,44,32],"temperature":0,"max_tokens":16.0}""")]
    [InlineData("""{"prompt":[[65,110,100,32,71,111,100,32,115,97,105,100,44,32]],"temperature":0,"user":"me"}""")]
    [InlineData("""
        {"prompt":"And God said, ","temperature":0,"model":null,"max_tokens":null,"top_p":null,"n":null,"best_of":null,"stop":null,
        "logprobs":null,"logit_bias":null,"seed":null,"echo":null,"stream":null,"stream_options":null,"presence_penalty":null,
        "frequency_penalty":null,"user":null,"suffix":null,"top_k":null,"min_p":null,"repetition_penalty":null,"unheard_of":null}
        """)]
    [InlineData("""{"prompt":"And God said, ","temperature":0,"stop":[],"logit_bias":{},"n":1,"best_of":1,"echo":false,"stream":false}""")]
    public async Task Forms_of_one_request_are_one_request(string json)
    {
        var expected = await Service.LibraryAsync(Prompt, Options(16, new() { Greedy = true }));
        Assert.Equal(Encoding.UTF8.GetString(expected), Text(await Service.AnswerAsync(Path, json)));
    }

    [Fact]
    public async Task Every_way_to_choose_reaches_the_sampler()
    {
        foreach (var (json, sampling) in ((string, SamplingOptions)[])
        [
            (""" "top_k":5 """, new() { Seed = 3, TopK = 5 }),
            (""" "top_k":-1 """, new() { Seed = 3 }),
            (""" "top_p":0.3 """, new() { Seed = 3, TopP = 0.3 }),
            (""" "min_p":0.2 """, new() { Seed = 3, MinP = 0.2 }),
            (""" "temperature":2 """, new() { Seed = 3, Temperature = 2 }),
            (""" "repetition_penalty":1.9 """, new() { Seed = 3, RepetitionPenalty = 1.9 }),
            (""" "presence_penalty":1.9 """, new() { Seed = 3, PresencePenalty = 1.9 }),
            (""" "frequency_penalty":-2 """, new() { Seed = 3, FrequencyPenalty = -2 }),
            (""" "logit_bias":{"65":100,"257":-100} """,
                new() { Seed = 3, LogitBias = new Dictionary<int, float> { [65] = 100, [257] = -100 } }),
        ])
        {
            var expected = await Service.LibraryAsync(Prompt, Options(30, sampling));
            var answer = await Service.AnswerAsync(Path,
                $$"""{"prompt":"And God said, ","max_tokens":30,"seed":3,"logprobs":0,{{json}}}""");
            Assert.True(expected.AsSpan().SequenceEqual(Bytes(answer["choices"]![0]!)), json);
        }
    }

    [Fact]
    public async Task Negative_seeds_and_none_repeat_by_what_the_header_tells()
    {
        foreach (var seed in (string[])[""" ,"seed":-5 """, ""])
        {
            var (_, first, response) = await Service.PostAsync(Path, $$"""{"prompt":"In","max_tokens":30{{seed}}}""");
            var told = Assert.Single(response.Headers.GetValues("x-holozero-seed"));
            if (seed.Length > 0) Assert.Equal("-5", told);
            Assert.Equal(Text(first), Text(await Service.AnswerAsync(Path, $$"""{"prompt":"In","max_tokens":30,"seed":{{told}}}""")));
        }
    }

    [Fact]
    public async Task Each_prompt_of_a_list_is_answered_as_it_is_alone()
    {
        var answer = await Service.AnswerAsync(Path, """{"prompt":["In the","And",[78,111,119]],"max_tokens":20,"seed":4,"n":2}""");
        Assert.Equal([0, 1, 2, 3, 4, 5], answer["choices"]!.AsArray().Select(choice => (int)choice!["index"]!));
        foreach (var (place, prompt) in ((int, string)[])[(0, "In the"), (2, "And"), (4, "Now")])
        {
            var alone = await Service.AnswerAsync(Path, $$"""{"prompt":"{{prompt}}","max_tokens":20,"seed":4}""");
            Assert.Equal(Text(alone), Text(answer, place));
            var second = await Service.AnswerAsync(Path, $$"""{"prompt":"{{prompt}}","max_tokens":20,"seed":5}""");
            Assert.Equal(Text(second), Text(answer, place + 1));
        }

        Assert.Equal(6 + 3 + 3, (int)answer["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task Best_of_returns_those_with_the_greatest_mean_log_probability()
    {
        const string common = """ "prompt":"In the","max_tokens":12,"seed":9,"temperature":1.5,"logprobs":0 """;
        var all = await Service.AnswerAsync(Path, $$"""{ {{common}},"n":5}""");
        var expected = all["choices"]!.AsArray().OrderByDescending(choice => choice!["logprobs"]!["token_logprobs"]!.AsArray()
            .Average(logprob => (double)logprob!)).Take(2).Select(choice => (string)choice!["text"]!);
        var best = await Service.AnswerAsync(Path, $$"""{ {{common}},"n":2,"best_of":5}""");
        Assert.Equal(expected, best["choices"]!.AsArray().Select(choice => (string)choice!["text"]!));
        Assert.Equal((int)all["usage"]!["completion_tokens"]!, (int)best["usage"]!["completion_tokens"]!);
        var untold = await Service.AnswerAsync(Path, $$"""{ {{common.Replace(""","logprobs":0 """, "")}},"n":2,"best_of":5}""");
        Assert.Equal(Text(best), Text(untold));
        Assert.Null(untold["choices"]![0]!["logprobs"]);
    }

    [Fact]
    public async Task A_stop_ends_it_and_is_not_part_of_it()
    {
        var all = await Service.LibraryAsync(Prompt, Options(60, new() { Seed = 2, LogitBias = Letters }));
        var text = Encoding.ASCII.GetString(all);
        var stop = text.Substring(20, 3);
        foreach (var form in (string[])[$"\"{stop}\"", $"[\"~~~~\",\"{stop}\"]"])
        {
            var answer = await Service.AnswerAsync(Path,
                $$"""{"prompt":"And God said, ","max_tokens":60,"seed":2,"logit_bias":{{LettersJson}},"stop":{{form}}}""");
            Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], Text(answer));
            Assert.Equal("stop", (string)answer["choices"]![0]!["finish_reason"]!);
        }
    }

    [Fact]
    public async Task Logprobs_have_a_column_entry_for_each_byte()
    {
        var answer = await Service.AnswerAsync(Path, """{"prompt":"In","max_tokens":40,"seed":1,"temperature":2,"logprobs":3}""");
        var told = answer["choices"]![0]!["logprobs"]!;
        var bytes = Bytes(answer["choices"]![0]!);
        Assert.Contains(bytes, value => value >= 128);
        Assert.Equal(["tokens", "token_logprobs", "top_logprobs", "text_offset", "token_ids", "drafted"],
            told.AsObject().Select(column => column.Key));
        Assert.All(told.AsObject(), column => Assert.Equal(bytes.Length, column.Value!.AsArray().Count));
        var text = Text(answer).EnumerateRunes().ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            var token = (string)told["tokens"]![i]!;
            Assert.Equal(bytes[i] < 128 ? ((char)bytes[i]).ToString() : $@"bytes:\x{bytes[i]:x2}", token);
            var likeliest = told["top_logprobs"]![i]!.AsObject();
            Assert.InRange(likeliest.Count, 3, 4);
            Assert.Equal((double)told["token_logprobs"]![i]!, (double)likeliest[token]!);
            Assert.All(likeliest.Take(3), item => Assert.True((double)item.Value! <= 0));
            Assert.Equal(likeliest.Take(3).Select(item => (double)item.Value!).OrderDescending(),
                likeliest.Take(3).Select(item => (double)item.Value!));
            if (bytes[i] < 128) Assert.Equal(bytes[i], text[(int)told["text_offset"]![i]!].Value);
        }
    }

    [Fact]
    public async Task Echo_begins_with_the_prompt_and_its_logprobs_sum_up_to_its_score()
    {
        var answer = await Service.AnswerAsync(Path,
            """{"prompt":"And God said, 안","max_tokens":0,"echo":true,"logprobs":2}""");
        var choice = answer["choices"]![0]!;
        var prompt = Encoding.UTF8.GetBytes("And God said, 안");
        Assert.Equal("And God said, 안", (string)choice["text"]!);
        Assert.Equal("length", (string)choice["finish_reason"]!);
        Assert.Equal(prompt, Bytes(choice));
        Assert.Null(choice["logprobs"]!["token_logprobs"]![0]);
        Assert.Null(choice["logprobs"]!["top_logprobs"]![0]);
        Assert.Equal([14, 14, 14], choice["logprobs"]!["text_offset"]!.AsArray().Skip(14).Select(offset => (int)offset!));
        Assert.Equal((prompt.Length, 0), ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["completion_tokens"]!));
        var score = await Service.AnswerAsync("/v1/score", """{"input":"And God said, 안"}""");
        Assert.Equal((double)score["logprob"]!, Sum(choice), 1e-6);
        Assert.Equal(prompt.Length - 1, (int)score["bytes"]!);
    }

    [Fact]
    public async Task Echo_and_continuation_are_one_text()
    {
        var plain = await Service.AnswerAsync(Path, """{"prompt":"In","max_tokens":20,"seed":6,"logprobs":1}""");
        var echoed = await Service.AnswerAsync(Path, """{"prompt":"In","max_tokens":20,"seed":6,"logprobs":1,"echo":true}""");
        Assert.Equal("In" + Text(plain), Text(echoed));
        Assert.Equal(plain["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray().Select(value => (double)value!),
            echoed["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray().Skip(2).Select(value => (double)value!));
        // A character that the prompt begins and the continuation ends is one.
        var split = await Service.AnswerAsync(Path,
            """{"prompt":[236,149],"max_tokens":1,"temperature":0,"echo":true,"logit_bias":{"136":100}}""");
        Assert.Equal("안", Text(split));
        Assert.Equal("\uFFFD", Text(await Service.AnswerAsync(Path, """{"prompt":[236,149],"max_tokens":0,"echo":true}""")));
    }

    [Theory]
    [InlineData("""{"prompt":"And God said, ","max_tokens":50,"seed":3}""")]
    [InlineData("""{"prompt":"And God said, ","max_tokens":50,"seed":3,"temperature":2,"logprobs":2}""")]
    [InlineData("""{"prompt":["And","In"],"max_tokens":30,"seed":3,"temperature":2,"n":3}""")]
    [InlineData("""{"prompt":"And God said, 안","max_tokens":20,"seed":3,"echo":true,"logprobs":1}""")]
    [InlineData("""{"prompt":"And","max_tokens":0,"echo":true}""")]
    [InlineData("""{"prompt":"And","max_tokens":40,"seed":1,"stop":["e","a"]}""")]
    public async Task A_stream_is_the_whole_answer_in_pieces(string json)
    {
        var whole = await Service.AnswerAsync(Path, json);
        var events = await Service.StreamAsync(Path, json[..^1] + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        Assert.All(events, piece => Assert.Equal("text_completion", (string)piece["object"]!));
        Assert.Single(events.Select(piece => (string)piece["id"]!).Distinct());
        Assert.Empty(events[^1]["choices"]!.AsArray());
        Assert.Equal(Counts(whole), Counts(events[^1]));
        Assert.All(events[..^1], piece => Assert.Null(piece["usage"]));
        Assert.All(events[..^1], piece => Assert.True(piece.AsObject().ContainsKey("usage")));
        var count = whole["choices"]!.AsArray().Count;
        for (var index = 0; index < count; index++)
        {
            var pieces = events[..^1].Select(piece => Assert.Single(piece["choices"]!.AsArray())!)
                .Where(choice => (int)choice["index"]! == index).ToArray();
            Assert.Equal(Text(whole, index), string.Concat(pieces.Select(piece => (string)piece["text"]!)));
            Assert.All(pieces[..^1], piece => Assert.Null(piece["finish_reason"]));
            Assert.Equal((string)whole["choices"]![index]!["finish_reason"]!, (string)pieces[^1]["finish_reason"]!);
            if (whole["choices"]![index]!["logprobs"] is not JsonObject told) continue;
            foreach (var (column, values) in told)
            {
                Assert.Equal(values!.AsArray().Select(value => value?.ToJsonString()),
                    pieces.SelectMany(piece => piece["logprobs"]![column]!.AsArray()).Select(value => value?.ToJsonString()));
            }
        }

        static (int, int) Counts(JsonNode answer) =>
            ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task A_stream_without_usage_does_not_speak_of_it()
    {
        var events = await Service.StreamAsync(Path, """{"prompt":"And","max_tokens":5,"temperature":0,"stream":true}""");
        Assert.All(events, piece => Assert.False(piece.AsObject().ContainsKey("usage")));
        Assert.All(events, piece => Assert.NotEmpty(piece["choices"]!.AsArray()));
    }

    [Fact]
    public async Task No_piece_splits_a_character()
    {
        // A model that only writes the three bytes of a character, in turn or not.
        var events = await Service.StreamAsync(Path,
            """{"prompt":"안","max_tokens":60,"seed":1,"logit_bias":{"236":100,"149":100,"136":100},"stream":true}""");
        var whole = await Service.AnswerAsync(Path,
            """{"prompt":"안","max_tokens":60,"seed":1,"logit_bias":{"236":100,"149":100,"136":100},"logprobs":0}""");
        var joined = string.Concat(events.Select(piece => (string)piece["choices"]![0]!["text"]!));
        Assert.Equal(Encoding.UTF8.GetString(Bytes(whole["choices"]![0]!)), joined);
        Assert.Equal(Text(whole), joined);
    }

    [Fact]
    public async Task A_nul_in_the_prompt_is_a_byte_like_any_other()
    {
        var text = await Service.AnswerAsync(Path, """{"prompt":"a\u0000b","max_tokens":20,"temperature":0}""");
        var bytes = await Service.AnswerAsync(Path, """{"prompt":[97,0,98],"max_tokens":20,"temperature":0}""");
        var cut = await Service.AnswerAsync(Path, """{"prompt":"a","max_tokens":20,"temperature":0}""");
        Assert.Equal(Text(bytes), Text(text));
        Assert.NotEqual(Text(cut), Text(text));
        Assert.Equal(3, (int)text["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task Any_bytes_may_be_a_prompt()
    {
        var every = string.Join(',', Enumerable.Range(0, 256).Reverse());
        var answer = await Service.AnswerAsync(Path, $$"""{"prompt":[{{every}}],"max_tokens":10,"temperature":0,"logprobs":0}""");
        var expected = await Service.LibraryAsync([.. Enumerable.Range(0, 256).Reverse().Select(value => (byte)value)],
            Options(10, new() { Greedy = true }));
        Assert.Equal(expected, Bytes(answer["choices"]![0]!));
    }

    [Fact]
    public async Task No_prompt_is_an_empty_one()
    {
        var expected = Encoding.UTF8.GetString(await Service.LibraryAsync([], Options(16, new() { Greedy = true })));
        foreach (var json in (string[])
            ["""{"temperature":0}""", """{"prompt":null,"temperature":0}""", """{"prompt":"","temperature":0}"""])
        {
            var answer = await Service.AnswerAsync(Path, json);
            Assert.Equal(expected, Text(answer));
            Assert.Equal(0, (int)answer["usage"]!["prompt_tokens"]!);
        }
    }

    [Fact]
    public async Task What_the_prefix_cache_had_is_told()
    {
        var prompt = new string('x', 40) + Guid.NewGuid().ToString();
        var json = $$"""{"prompt":"{{prompt}}","max_tokens":1,"temperature":0}""";
        Assert.Equal(0, Cached(await Service.AnswerAsync(Path, json)));
        Assert.Equal(prompt.Length, Cached(await Service.AnswerAsync(Path, json)));

        static int Cached(JsonNode answer) => (int)answer["usage"]!["prompt_tokens_details"]!["cached_tokens"]!;
    }

    [Theory]
    [InlineData("""{"prompt":"a","suffix":"b"}""", "suffix")]
    [InlineData("""{"prompt":"a","bogus":1}""", "bogus")]
    [InlineData("""{"prompt":"a","Max_Tokens":1}""", "Max_Tokens")]
    [InlineData("""{"prompt":5}""", "prompt")]
    [InlineData("""{"prompt":[]}""", "prompt")]
    [InlineData("""{"prompt":{"a":1}}""", "prompt")]
    [InlineData("""{"prompt":[256]}""", "prompt")]
    [InlineData("""{"prompt":[-1]}""", "prompt")]
    [InlineData("""{"prompt":[1.5]}""", "prompt")]
    [InlineData("""{"prompt":[1,"a"]}""", "prompt")]
    [InlineData("""{"prompt":["a",1]}""", "prompt")]
    [InlineData("""{"prompt":["a",null]}""", "prompt")]
    [InlineData("""{"prompt":[[1,2],[true]]}""", "prompt")]
    [InlineData("""{"prompt":"\ud800"}""", "prompt")]
    [InlineData("""{"prompt":"a","\ud800":1}""", null)]
    [InlineData("""{"prompt":"a","logit_bias":{"\ud800":1}}""", null)]
    [InlineData("""{"prompt":"a","max_tokens":0}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":-1}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":1.5}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":"5"}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":1e300}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":99999999999999999999999}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":16385}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":16384,"n":5}""", "max_tokens")]
    [InlineData("""{"prompt":"a","temperature":2.1}""", "temperature")]
    [InlineData("""{"prompt":"a","temperature":-0.1}""", "temperature")]
    [InlineData("""{"prompt":"a","temperature":"hot"}""", "temperature")]
    [InlineData("""{"prompt":"a","top_p":0}""", "top_p")]
    [InlineData("""{"prompt":"a","top_p":1.1}""", "top_p")]
    [InlineData("""{"prompt":"a","top_k":259}""", "top_k")]
    [InlineData("""{"prompt":"a","min_p":2}""", "min_p")]
    [InlineData("""{"prompt":"a","repetition_penalty":0}""", "repetition_penalty")]
    [InlineData("""{"prompt":"a","presence_penalty":3}""", "presence_penalty")]
    [InlineData("""{"prompt":"a","frequency_penalty":-3}""", "frequency_penalty")]
    [InlineData("""{"prompt":"a","n":0}""", "n")]
    [InlineData("""{"prompt":"a","n":129}""", "n")]
    [InlineData("""{"prompt":["a","b"],"n":100}""", "n")]
    [InlineData("""{"prompt":"a","n":3,"best_of":2}""", "best_of")]
    [InlineData("""{"prompt":"a","best_of":2,"stream":true}""", "best_of")]
    [InlineData("""{"prompt":"a","logprobs":6}""", "logprobs")]
    [InlineData("""{"prompt":"a","logprobs":true}""", "logprobs")]
    [InlineData("""{"prompt":"a","stop":["a","b","c","d","e"]}""", "stop")]
    [InlineData("""{"prompt":"a","stop":""}""", "stop")]
    [InlineData("""{"prompt":"a","stop":[1]}""", "stop")]
    [InlineData("""{"prompt":"a","stop":{}}""", "stop")]
    [InlineData("""{"prompt":"a","seed":1.5}""", "seed")]
    [InlineData("""{"prompt":"a","seed":1e30}""", "seed")]
    [InlineData("""{"prompt":"a","echo":1}""", "echo")]
    [InlineData("""{"prompt":"a","stream":"yes"}""", "stream")]
    [InlineData("""{"prompt":"a","stream_options":{"include_usage":true}}""", "stream_options")]
    [InlineData("""{"prompt":"a","stream":true,"stream_options":1}""", "stream_options")]
    [InlineData("""{"prompt":"a","stream":true,"stream_options":{"bogus":1}}""", "stream_options.bogus")]
    [InlineData("""{"prompt":"a","logit_bias":{"256":1}}""", "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":{"258":1}}""", "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":{"a":1}}""", "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":{"1":101}}""", "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":{"1":1,"01":1}}""", "logit_bias")]
    [InlineData("""{"prompt":"a","logit_bias":[]}""", "logit_bias")]
    [InlineData("""{"prompt":"a","model":7}""", "model")]
    [InlineData("[]", null)]
    [InlineData("\"a\"", null)]
    [InlineData("{", null)]
    [InlineData("", null)]
    [InlineData("""{"prompt":"a",}""", null)]
    [InlineData("""{"prompt":"a","prompt":"b"}""", null)]
    [InlineData("{\"prompt\":\"a\nb\"}", null)]
    public async Task What_cannot_be_served_is_refused_by_name(string json, string? param)
    {
        var (status, named, message, _) = await Service.ErrorAsync(Path, json);
        Assert.Equal((400, param), (status, named));
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public async Task An_unknown_model_is_404()
    {
        var (status, param, message, code) = await Service.ErrorAsync(Path, """{"prompt":"a","model":"../../etc/passwd"}""");
        Assert.Equal((404, "model", "model_not_found"), (status, param, code));
        Assert.Equal("there is no model '../../etc/passwd'; GET /v1/models lists them", message);
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_is_refused_and_one_that_is_just_so_long_is_not()
    {
        var longest = new string('a', 65_536);
        var answer = await Service.AnswerAsync(Path, $$"""{"prompt":"{{longest}}","max_tokens":1}""");
        Assert.Equal(65_536, (int)answer["usage"]!["prompt_tokens"]!);
        var (status, param, _, _) = await Service.ErrorAsync(Path, $$"""{"prompt":"{{longest}}a","max_tokens":1}""");
        Assert.Equal((400, "prompt"), (status, param));
        (status, param, _, _) = await Service.ErrorAsync(Path,
            $$"""{"prompt":"{{longest[..4097]}}","echo":true,"logprobs":1,"max_tokens":1}""");
        Assert.Equal((400, "prompt"), (status, param));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413_and_one_of_another_type_415()
    {
        // Whoever sends all of it without asking first may meet a connection that is closed already.
        using var large = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent($$"""{"prompt":"{{new string('a', 5_000_000)}}"}""", Encoding.UTF8, "application/json"),
            Headers = { ExpectContinue = true },
        };
        using var refused = await Service.Client.SendAsync(large, Service.Token);
        Assert.Equal("body_too_large", Service.ErrorOf((int)refused.StatusCode,
            JsonNode.Parse(await refused.Content.ReadAsStringAsync(Service.Token))!).Code);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        using var form = new StringContent("prompt=a", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var response = await Service.Client.PostAsync(Path, form, Service.Token);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Null(Service.ErrorOf(415, JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!).Param);
    }

    [Fact]
    public async Task Invalid_UTF8_in_the_body_is_refused()
    {
        foreach (var body in (byte[][])[[.. "{\"prompt\":\""u8, 0xff, .. "\"}"u8], [.. "{\"prompt\":\"a\",\""u8, 0xff, .. "\":null}"u8],
            [.. "{\"logit_bias\":{\""u8, 0xed, 0xa0, 0x80, .. "\":1}}"u8]])
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/json");
            using var response = await Service.Client.PostAsync(Path, content, Service.Token);
            var error = Service.ErrorOf((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!);
            Assert.Equal((400, "the body is not UTF-8"), (error.Status, error.Message));
        }
    }

    private static readonly Dictionary<int, float> Letters = Enumerable.Range('a', 26).ToDictionary(value => value, _ => 90f);

    private static readonly string LettersJson = "{" + string.Join(',', Letters.Keys.Select(value => $"\"{value}\":90")) + "}";

    private static byte[] Bytes(JsonNode choice) => [.. choice["logprobs"]!["token_ids"]!.AsArray().Select(id => (byte)(int)id!)];

    private static double Sum(JsonNode choice) =>
        choice["logprobs"]!["token_logprobs"]!.AsArray().Sum(logprob => logprob is null ? 0 : (double)logprob);
}
