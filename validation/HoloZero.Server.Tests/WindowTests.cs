using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Media;
using HoloZero.Testing;

namespace HoloZero.Server.Tests;

/// <summary>Pictures, sound and captions by HTTP: windows, what is generated after them, and what is refused.</summary>
public sealed class WindowTests(Shared shared)
{
    private static readonly Part Picture = new("picture", File("64x64.png"), "64x64.png");
    private static readonly Part Sound = new("sound", File("mono8k.wav"), "mono8k.wav");

    private Service Service => shared.Service;

    [Fact]
    public async Task A_film_window_is_the_golden_one()
    {
        var (status, window, _) = await PostAsync(Service, "/v1/window", Picture, Sound, Text("caption", Golden("film.caption")));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(Golden("film.window"), window);
    }

    [Fact]
    public async Task What_is_seen_and_what_is_heard_are_in_their_places()
    {
        var (_, window, _) = await PostAsync(Service, "/v1/window", new("picture", File("48x96.png"), "x"), Sound, Text("at", "0.25"));
        Assert.Equal(Golden("48x96.bytes"), window[..256]);
        Assert.Equal(Golden("mono8k.bytes")[2000..2256], window[257..513]);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("")]
    [InlineData("바이트는 모두 같다 정말로")]
    public async Task A_caption_is_cut_and_padded_with_spaces(string caption)
    {
        var (_, window, _) = await PostAsync(Service, "/v1/window", Text("caption", caption));
        Assert.Equal(539, window.Length);
        byte[] expected = [.. Encoding.UTF8.GetBytes(caption), .. Enumerable.Repeat((byte)' ', 24)];
        Assert.Equal(expected[..24], window[514..538]);
    }

    [Fact]
    public async Task What_is_not_given_is_mid_grey_and_silence()
    {
        var (_, window, _) = await PostAsync(Service, "/v1/window?layout=digits", Text("caption", "a"));
        Assert.Equal(402, window.Length);
        Assert.All(window[..256], level => Assert.Equal(128, level));
        Assert.All(window[257..385], sample => Assert.Equal(128, sample));
    }

    [Theory]
    [InlineData("seed=7", "--seed 7")]
    [InlineData("seed=7&ignore_eos&max_bytes=10&temperature=0.9&top_k=40",
        "--seed 7 --ignore-eos --max-bytes 10 --temperature 0.9 --top-k 40")]
    [InlineData("greedy&ignore_eos&layout=digits&slot_rest=pad", "--greedy --ignore-eos --layout digits --slot-rest pad")]
    [InlineData("greedy&max_bytes=1&stop=00", "--greedy --max-bytes 1 --stop-hex 00")]
    [InlineData("greedy&max_bytes=0", "--greedy --max-bytes 0")]
    public async Task What_follows_is_what_holozero_generate_writes(string query, string options)
    {
        var (status, written, response) = await PostAsync(Service, $"/v1/bytes?{query}", Picture, Sound, Text("at", "0.1"),
            Text("caption", "a bird"));
        Assert.True(status == HttpStatusCode.OK, Encoding.UTF8.GetString(written));
        var information = ProgramTests.Information("HoloZero.Cli", "holozero", ["generate", "--model", shared.Folder, "--picture",
            Repository.Golden("media", "64x64.png"), "--sound", Repository.Golden("media", "mono8k.wav"), "--at", "0.1",
            "--caption", "a bird", .. options.Split(' ')]);
        using var generate = Process.Start(information)!;
        using var expected = new MemoryStream();
        await generate.StandardOutput.BaseStream.CopyToAsync(expected, Service.Token);
        await generate.WaitForExitAsync(Service.Token);
        Assert.Equal(0, generate.ExitCode);
        Assert.Equal(expected.ToArray(), written);

        var layout = query.Contains("digits", StringComparison.Ordinal) ? "?layout=digits" : "";
        var (_, window, _) = await PostAsync(Service, $"/v1/window{layout}", Picture, Sound, Text("at", "0.1"), Text("caption", "a bird"));
        Assert.Equal(window, Convert.FromBase64String(Assert.Single(response.Headers.GetValues("x-holozero-window"))));
    }

    [Fact]
    public async Task A_prompt_is_the_beginning_of_what_follows()
    {
        const string query = "/v1/bytes?greedy&ignore_eos&max_bytes=";
        var (_, whole, _) = await PostAsync(Service, query + "60", Picture, Text("caption", "a"));
        var (_, rest, _) = await PostAsync(Service, query + "40", Picture, Text("caption", "a"), Text("prompt", whole[..20]));
        Assert.Equal(whole[20..], rest);
        // Without a window it is the prompt, as a raw body is.
        var (_, plain, _) = await PostAsync(Service, query + "30", Text("prompt", "And God said"));
        Assert.Equal(await Service.BytesAsync("And God said"u8.ToArray(), "greedy&ignore_eos&max_bytes=30"), plain);
        Assert.Equal((400, "max_bytes"), Refusal(await PostAsync(Service, "/v1/bytes", Text("prompt", "a"))));
        Assert.Equal((400, "prefix_slots"), Refusal(await PostAsync(Service, "/v1/bytes?prefix_slots=1", Text("caption", "a"))));
    }

    [Fact]
    public async Task A_window_is_shown_and_made_again_of_what_was_shown()
    {
        var golden = Golden("film.window");
        var shown = await ShowAsync(golden);
        Assert.Equal(("window", "film", true), ((string)shown["object"]!, (string)shown["layout"]!, (bool)shown["has_marks"]!));
        Assert.Equal(golden[..256], Bytes(shown["picture"]!["levels"]!));
        Assert.Equal("a red ball rolls to the ", (string)shown["caption"]!["text"]! + " ");
        Assert.Equal(golden[514..538], Bytes(shown["caption"]!["bytes"]!));
        Assert.Equal(golden[257..513].Select(MuLaw.Decode), shown["sound"]!["samples"]!.AsArray().Select(sample => (short)sample!));
        Assert.Equal([(256, 254, 254), (513, 254, 254), (538, 255, 255)], shown["marks"]!.AsArray()
            .Select(mark => ((int)mark!["start"]!, (int)mark["expected"]!, (int)mark["found"]!)));
        Assert.Equal([(0, 256), (257, 256), (514, 24)], ((string[])["picture", "sound", "caption"])
            .Select(part => ((int)shown[part]!["start"]!, (int)shown[part]!["length"]!)));
        var (_, again, _) = await PostAsync(Service, "/v1/window",
            new("picture", Convert.FromBase64String((string)shown["picture"]!["png"]!), "a.png"),
            new("sound", Convert.FromBase64String((string)shown["sound"]!["wav"]!), "a.wav"),
            Text("caption", (string)shown["caption"]!["text"]!));
        Assert.Equal(golden, again);
        Assert.False((bool)(await ShowAsync(new byte[539]))["has_marks"]!);
    }

    [Fact]
    public async Task What_is_said_of_the_continuation_gives_the_same_bytes_by_completions()
    {
        var (_, window, _) = await PostAsync(Service, "/v1/window", Picture, Sound, Text("caption", "a bird"));
        var next = (await ShowAsync(window))["continuation"]!;
        Assert.Equal(window[..1], Bytes(next["begun"]!));
        Assert.Equal((538, 269, 540), ((int)next["max_tokens"]!, (int)next["prefix_slots"]!, (int)next["stream_bytes"]!));
        var request = new JsonObject { ["seed"] = 7, ["logprobs"] = 0 };
        foreach (var name in (string[])["prompt", "prefix_slots", "stream_bytes", "max_prefix_slots", "max_tokens"])
            request[name] = next[name]!.DeepClone();
        var answer = await Service.AnswerAsync("/v1/completions", request.ToJsonString());
        var written = Bytes(answer["choices"]![0]!["logprobs"]!["token_ids"]!);
        var (_, expected, _) = await PostAsync(Service, "/v1/bytes?seed=7", Picture, Sound, Text("caption", "a bird"));
        Assert.Equal(expected, (byte[])[.. Bytes(next["begun"]!), .. written]);
    }

    public static TheoryData<string, int, string, string> Refused { get; } = new()
    {
        { "picture=text", 415, "picture", "PNG, JPEG, WebP, BMP or GIF" },
        { "picture=mono8k.wav", 415, "picture", "PNG" },
        { "sound=48x96.png", 415, "sound", "WAV, FLAC or MP3" },
        { "picture=", 415, "picture", "PNG" },
        { "picture=48x96.png:500", 400, "picture", "" },
        { "picture=animated.gif", 400, "picture", "animated" },
        { "sound=mono8k.wav:44", 400, "sound", "header promises" },
        { "sound=mp3", 413, "sound", "2,097,152" },
        { "caption=\xff", 400, "caption", "UTF-8" },
        { "caption=a&at=1", 400, "at", "no sound" },
        { "sound=mono8k.wav&at=0.5", 400, "at", "not within" },
        { "sound=mono8k.wav&at=soon", 400, "at", "no number" },
        { "caption=a&caption=b", 400, "caption", "more than once" },
        { "caption=a&bogus=b", 400, "bogus", "leave it out" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_cannot_be_a_window_is_refused_by_name(string fields, int status, string param, string said)
    {
        Part[] parts = [.. fields.Split('&').Select(PartOf)];
        var answer = await PostAsync(Service, "/v1/window", parts);
        Assert.Equal((status, param), Refusal(answer));
        var message = (string)JsonNode.Parse(answer.Body)!["error"]!["message"]!;
        Assert.Contains(said, message);
        Assert.DoesNotContain(shared.Folder, message);

        static Part PartOf(string field)
        {
            var (name, value) = (field.Split('=')[0], field[(field.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            if (name is not ("picture" or "sound")) return new(name, Encoding.Latin1.GetBytes(value), null);
            var cut = value.Split(':');
            var bytes = value switch
            {
                "" => [],
                "text" => "no picture"u8.ToArray(),
                "mp3" => [0xFF, 0xFB, .. new byte[(2 << 20) + 1]],
                _ => File(cut[0]),
            };
            return new(name, cut.Length > 1 ? bytes[..int.Parse(cut[1])] : bytes, "any");
        }
    }

    [Theory]
    [InlineData("application/json", "{}", 415)]
    [InlineData("multipart/form-data", "--a--", 400)]
    [InlineData("multipart/form-data; boundary=a", "--a--\r\n", 400)]
    [InlineData("multipart/form-data; boundary=a", "--a\r\ncontent-disposition: form-data; name=\"caption\"\r\n\r\nhalf", 400)]
    [InlineData("multipart/form-data; boundary=a", "--a\r\ncontent-disposition: form-data\r\n\r\nx\r\n--a--", 400)]
    [InlineData("multipart/form-data; boundary=a", "nothing of the kind", 400)]
    public async Task A_body_that_is_no_form_is_refused(string type, string body, int status)
    {
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("content-type", type);
        using var response = await Service.Client.PostAsync("/v1/window", content, Service.Token);
        Assert.Equal(status, Service.ErrorOf((int)response.StatusCode,
            JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!).Status);
    }

    [Theory]
    [InlineData("/v1/window?layout=wide", "layout")]
    [InlineData("/v1/window?bogus=1", "bogus")]
    [InlineData("/v1/window?model=none", "model")]
    [InlineData("/v1/bytes?slot_rest=keep", "slot_rest")]
    [InlineData("/v1/window/show?layout=digits", "window")]
    [InlineData("/v1/window/show?slot_rest=1", "slot_rest")]
    [InlineData("/v1/window/show", "window")]
    public async Task Options_of_windows_are_refused_by_name(string path, string param) =>
        Assert.Equal(param, Refusal(await PostAsync(Service, path, Text("caption", "a"))).Param);

    [Fact]
    public async Task More_than_the_service_takes_is_413()
    {
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Server:MaxBodyBytes=1024",
            "HoloZero:Server:MaxPromptBytes=100");
        Assert.Equal((413, null), Refusal(await PostAsync(service, "/v1/window", new Part("picture", new byte[5000], "x"))));
        Assert.Equal((400, "body"), Refusal(await PostAsync(service, "/v1/bytes", Text("caption", "a"))));
        Assert.Equal((400, "prompt"), Refusal(await PostAsync(service, "/v1/bytes", Text("prompt", new byte[101]))));
    }

    [Fact]
    public async Task Room_for_windows_changes_no_other_request_and_can_be_saved()
    {
        string[] keys = ["HoloZero:Models:tiny:StreamBytes=32", "HoloZero:Models:tiny:MaxPrefixSlots=4"];
        await using var roomy = await Service.StartAsync(shared.Folder, keys);
        await using var small = await Service.StartAsync(shared.Folder, [.. keys, "HoloZero:Server:FilmWindows=false"]);
        var expected = await small.LibraryAsync("And"u8.ToArray(), new()
        {
            MaxBytes = 100,
            Sampling = new() { Greedy = true, AllowEos = false },
            Window = new() { StreamBytes = 32, MaxPrefixSlots = 4 },
        });
        foreach (var service in (Service[])[roomy, small])
        {
            Assert.Equal(expected, await service.BytesAsync("And"u8.ToArray(), "max_bytes=100&greedy&ignore_eos"));
            var answer = await service.AnswerAsync("/v1/completions",
                """{"prompt":"And","max_tokens":100,"temperature":0,"logprobs":0,"logit_bias":{"257":-100}}""");
            Assert.Equal(expected, Bytes(answer["choices"]![0]!["logprobs"]!["token_ids"]!));
        }

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(roomy, "/v1/bytes", Text("caption", "a"))).Status);
        Assert.Equal((400, "stream_bytes"), Refusal(await PostAsync(small, "/v1/bytes", Text("caption", "a"))));
    }

    [Fact]
    public async Task A_model_without_these_graphs_says_so_and_reads_captions()
    {
        using var folder = new TemporaryFolder();
        CopyTo(folder.Path);
        var manifest = JsonNode.Parse(await System.IO.File.ReadAllTextAsync(folder["holozero.json"], Service.Token))!.AsObject();
        Assert.True(manifest.Remove("media"));
        await System.IO.File.WriteAllTextAsync(folder["holozero.json"], manifest.ToJsonString(), Service.Token);
        await using var service = await Service.StartAsync(folder.Path);
        foreach (var part in (Part[])[Picture, Sound])
        {
            foreach (var path in (string[])["/v1/window", "/v1/bytes"])
            {
                var answer = await PostAsync(service, path, part);
                Assert.Equal((404, "model"), Refusal(answer));
                Assert.Contains($"model tiny has no graph that reads a {part.Name}", Encoding.UTF8.GetString(answer.Body));
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/v1/window", Text("caption", "a"))).Status);
    }

    [Fact]
    public async Task A_graph_that_is_damaged_meanwhile_is_the_services_fault_and_names_no_file()
    {
        using var folder = new TemporaryFolder();
        CopyTo(folder.Path);
        await using var service = await Service.StartAsync(folder.Path);
        await System.IO.File.WriteAllTextAsync(folder["media.picture.onnx"], "no graph", Service.Token);
        var answer = await PostAsync(service, "/v1/window", Picture);
        Assert.Equal((500, null), Refusal(answer));
        Assert.DoesNotContain(folder.Path, Encoding.UTF8.GetString(answer.Body));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/v1/window", Sound)).Status);
    }

    [Theory]
    [InlineData("picture", "48x96.png")]
    [InlineData("picture", "photo.jpg")]
    [InlineData("sound", "mono8k.wav")]
    [InlineData("sound", "tone8k.flac")]
    public async Task Damaged_files_are_read_or_refused(string field, string name)
    {
        var original = File(name);
        var random = SplitMix64.Mix((ulong)name.Length);
        for (var i = 0; i < 50; i++)
        {
            var file = (byte[])original.Clone();
            for (var edits = 1 + (int)(SplitMix64.Next(ref random) % 4); edits > 0; edits--)
            {
                var place = (int)(SplitMix64.Next(ref random) % (ulong)(edits % 2 == 0 ? file.Length : Math.Min(64, file.Length)));
                file[place] = (byte)SplitMix64.Next(ref random);
            }

            var cut = SplitMix64.Next(ref random) % 4 == 0 ? (int)(SplitMix64.Next(ref random) % (ulong)file.Length) : file.Length;
            var (status, body, _) = await PostAsync(Service, "/v1/window", new Part(field, file[..cut], name));
            Assert.True((int)status is 200 or 400 or 413 or 415, $"{i}: {(int)status} {Encoding.UTF8.GetString(body)}");
            if (status == HttpStatusCode.OK) Assert.Equal(539, body.Length);
            else Assert.Equal(field, Refusal((status, body, null!)).Param);
        }
    }

    [Fact]
    public async Task Work_beside_the_generators_waits_in_a_bounded_queue_and_who_leaves_is_let_go()
    {
        using var work = new SideWork(mostQueued: 1, "wait", retryAfter: 3);
        using var hold = new ManualResetEventSlim();
        using var gone = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var first = work.RunAsync(() =>
        {
            begun.SetResult();
            hold.Wait(Service.Token);
            return 1;
        }, gone.Token);
        await begun.Task;
        var second = work.RunAsync(() => 2, Service.Token);
        var refusal = await Assert.ThrowsAsync<ApiException>(() => work.RunAsync(() => 3, Service.Token));
        Assert.Equal((429, 3), (refusal.Error.Status, refusal.Error.RetryAfter));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        // It still runs, so its place is not free.
        Assert.False(second.IsCompleted);
        await Assert.ThrowsAsync<ApiException>(() => work.RunAsync(() => 3, Service.Token));
        hold.Set();
        Assert.Equal(2, await second);
        Assert.Equal(3, await work.RunAsync(() => 3, Service.Token));
    }

    private static byte[] File(string name) => System.IO.File.ReadAllBytes(Repository.Golden("media", name));

    private static byte[] Golden(string name)
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("media", "media.golden.safetensors"));
        return golden.ReadBytes(name);
    }

    private static Part Text(string name, string value) => new(name, Encoding.UTF8.GetBytes(value), null);

    private static Part Text(string name, byte[] value) => new(name, value, null);

    private static byte[] Bytes(JsonNode numbers) => [.. numbers.AsArray().Select(value => (byte)(int)value!)];

    private static (int Status, string? Param) Refusal((HttpStatusCode Status, byte[] Body, HttpResponseMessage Response) answer)
    {
        var (status, param, _, _) = Service.ErrorOf((int)answer.Status, JsonNode.Parse(answer.Body)!);
        return (status, param);
    }

    private static async Task<(HttpStatusCode Status, byte[] Body, HttpResponseMessage Response)> PostAsync(Service service, string path,
        params Part[] parts)
    {
        using var form = new MultipartFormDataContent();
        foreach (var (name, value, file) in parts)
        {
            var content = new ByteArrayContent(value);
            if (file is null) form.Add(content, name);
            else form.Add(content, name, file);
        }

        var response = await service.Client.PostAsync(path, form, Service.Token);
        return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(Service.Token), response);
    }

    private async Task<JsonNode> ShowAsync(byte[] window)
    {
        using var content = new ByteArrayContent(window);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await Service.Client.PostAsync("/v1/window/show", content, Service.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Service.Token))!;
    }

    private void CopyTo(string folder)
    {
        foreach (var file in Directory.GetFiles(shared.Folder)) System.IO.File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    private sealed record Part(string Name, byte[] Value, string? FileName);
}
