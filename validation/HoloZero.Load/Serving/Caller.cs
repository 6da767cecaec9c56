using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace HoloZero.Load.Serving;

/// <summary>What callers saw, counted. Thread-safe.</summary>
internal sealed class Tally
{
    private readonly Lock _gate = new();
    private readonly List<double> _firstByte = [];
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    /// <summary>By what happened.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>What should not have happened, the first of it.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Bytes of whole answers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Something happened.</summary>
    public void Count(string what, long bytes = 0)
    {
        lock (_gate)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + 1;
            Bytes += bytes;
        }
    }

    /// <summary>A first byte came after so many milliseconds.</summary>
    public void FirstByte(double milliseconds)
    {
        lock (_gate) _firstByte.Add(milliseconds);
    }

    /// <summary>Something should not have happened.</summary>
    public void Fault(string what)
    {
        lock (_gate)
        {
            if (_faults.Count < 20) _faults.Add(what);
        }
    }

    /// <summary>Milliseconds to the first byte that a fraction of callers did not have to wait longer than.</summary>
    public double FirstByteAt(double fraction)
    {
        lock (_gate)
        {
            if (_firstByte.Count == 0) return 0;
            _firstByte.Sort();
            return _firstByte[(int)(fraction * (_firstByte.Count - 1))];
        }
    }
}

/// <summary>Calls the service as many do, and holds what it gets against what the same request gets alone. Thread-safe.</summary>
/// <param name="client">Connects to it.</param>
/// <param name="tally">Told what happens.</param>
internal sealed class Caller(HttpClient client, Tally tally)
{
    /// <summary>How many different requests there are.</summary>
    public const int Requests = 24;

    private readonly string[] _alone = new string[Requests];

    /// <summary>Whether the service may be going away.</summary>
    public bool MayEnd { get; set; }

    /// <summary>Asks each request by itself.</summary>
    public async Task AskAloneAsync(CancellationToken cancellation)
    {
        for (var request = 0; request < Requests; request++)
        {
            using var answer = await client.PostAsync("/v1/completions", Body(request, stream: false), cancellation);
            _alone[request] = Ids(await answer.Content.ReadAsStringAsync(cancellation));
        }
    }

    /// <summary>One call: a third leave early, a tenth send garbage, the others read to the end.</summary>
    public async Task CallAsync(Random random, CancellationToken cancellation)
    {
        try
        {
            if (random.Next(10) == 0) await GarbageAsync(random, cancellation);
            else await StreamAsync(random.Next(Requests), leaves: random.Next(3) == 0 ? random.Next(30) : null, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException && MayEnd)
        {
            tally.Count("nobody listens any more");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            tally.Fault($"{e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>A request that nobody should send: it is refused, or answered where it was sound after all.</summary>
    public async Task GarbageAsync(Random random, CancellationToken cancellation)
    {
        var (method, path, body, type) = Mutation.Next(random);
        // Put behind the address as text: two slashes at its beginning would make another host of it.
        var address = client.BaseAddress!.AbsoluteUri.TrimEnd('/');
        using var request = new HttpRequestMessage(method, new Uri(path.StartsWith('/') ? address + path : $"{address}/{path}"))
        {
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new(type);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
        var status = (int)response.StatusCode;
        tally.Count(string.Create(CultureInfo.InvariantCulture, $"garbage: {status}"));
        if (status is >= 200 and < 500 || MayEnd && status == 503) return;
        tally.Fault($"{status} for {method} {path} {Encoding.UTF8.GetString(body)}");
    }

    private async Task StreamAsync(int request, int? leaves, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = Body(request, stream: true) };
        var start = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
        {
            tally.Count(string.Create(CultureInfo.InvariantCulture, $"refused: {(int)response.StatusCode}"));
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && !MayEnd) tally.Fault("503 while nobody stops it");
            await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero, cancellation);
            return;
        }

        if (!response.IsSuccessStatusCode)
        {
            tally.Fault($"{(int)response.StatusCode} for a sound request");
            return;
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var ids = new StringBuilder();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            if (line == "data: [DONE]")
            {
                Hold(request, ids.ToString());
                return;
            }

            if (line.StartsWith("data: {\"error\"", StringComparison.Ordinal))
            {
                tally.Count("ended with a reason");
                if (!MayEnd) tally.Fault(line);
                return;
            }

            if (ids.Length == 0) tally.FirstByte(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            ids.Append(Ids(line["data: ".Length..]));
            if (leaves-- > 0 || leaves is null) continue;
            tally.Count("left early");
            return;
        }

        tally.Fault("a stream ends without saying so");
    }

    private void Hold(int request, string ids)
    {
        if (ids == _alone[request]) tally.Count("finished, equal to the same alone", ids.Count(c => c == ','));
        else tally.Fault($"request {request} gets {ids} among others and {_alone[request]} alone");
    }

    /// <summary>The bytes of an answer, each with a comma behind it.</summary>
    private static string Ids(string json)
    {
        using var answer = JsonDocument.Parse(json);
        return string.Concat(answer.RootElement.GetProperty("choices").EnumerateArray()
            .SelectMany(choice => choice.GetProperty("logprobs").GetProperty("token_ids").EnumerateArray())
            .Select(id => string.Create(CultureInfo.InvariantCulture, $"{id.GetInt32()},")));
    }

    /// <summary>Prompts of mixed lengths, of which several begin alike.</summary>
    private static StringContent Body(int request, bool stream)
    {
        var prompt = string.Concat(Enumerable.Repeat("And the LORD said unto Moses, ", 1 + request % 4 * 5)) + (char)('a' + request / 8);
        var json = $$"""
            {"prompt":"{{prompt}}","max_tokens":{{8 << request % 5}},"seed":{{request}},"temperature":0.9,"logprobs":0,
            "stream":{{(stream ? "true" : "false")}}}
            """;
        return new(json, Encoding.UTF8, "application/json");
    }
}
