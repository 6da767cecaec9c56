using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Load.Serving;

/// <summary>
/// <c>holozero-load overhead</c>: what HTTP costs. The same generations from the library and from the service, in turn, as each run may
/// meet another machine. To be run while nothing else does.
/// </summary>
internal static class OverheadCommand
{
    private const string Prompt = "And the LORD said unto Moses, ";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var server = new Option<string>("--server") { Description = "the service's program", HelpName = "file", Required = true };
        var model = new Option<string>("--model") { Description = "artifact to serve", HelpName = "folder", Required = true };
        var clients = Values.Whole<int>("--clients", "generations at once [16]");
        var bytes = Values.Whole<int>("--bytes", "bytes of each [256]");
        var rounds = Values.Whole<int>("--rounds", "times to measure either, after a warm-up [5]");
        var command = new Command("overhead", "Measures what HTTP costs, on a machine that should do nothing else meanwhile.")
        {
            server, model, clients, bytes, rounds,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetRequiredValue(server), parsed.GetRequiredValue(model),
            parsed.GetValue(clients) ?? 16, parsed.GetValue(bytes) ?? 256, parsed.GetValue(rounds) ?? 5, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string server, string folder, int clients, int bytes, int rounds,
        CancellationToken cancellation)
    {
        using var model = HoloZeroModel.Load(folder, cancellation: cancellation);
        await using var generator = new ByteGenerator(model, new() { MaxRows = clients });
        string[] keys = [$"--HoloZero:Models:load:Model={Path.GetFullPath(folder)}",
            string.Create(CultureInfo.InvariantCulture, $"--HoloZero:Models:load:MaxRows={clients}"),
                "--Logging:LogLevel:HoloZero=Warning"];
        using var service = await ServerProcess.StartAsync(Path.GetFullPath(server), keys, cancellation);
        using var client = new HttpClient { BaseAddress = service.Address };

        var (library, http) = (new List<Round>(), new List<Round>());
        for (var round = 0; round <= rounds; round++)
        {
            // Who goes first changes, so that a machine that gets slower or faster favours neither.
            var alone = round % 2 == 0 ? await LibraryRoundAsync() : default;
            var served = await MeasureAsync(clients, number => ServedAsync(client, number, bytes, cancellation));
            if (round % 2 != 0) alone = await LibraryRoundAsync();
            if (round == 0) continue;
            library.Add(alone);
            http.Add(served);
        }

        Task<Round> LibraryRoundAsync() => MeasureAsync(clients, number => LibraryAsync(generator, number, bytes, cancellation));

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clients} generations of {bytes} bytes at once, {rounds} rounds"));
        Write("library", library);
        Write("service", http);
        var costs = library.Zip(http, (alone, served) => 1 - (served.BytesPerSecond / alone.BytesPerSecond)).Order().ToArray();
        var (cost, from, to) = (Quantile(costs, 0.5), Quantile(costs, 0.25), Quantile(costs, 0.75));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"HTTP costs {cost:P1} of the throughput (median of rounds; half of them from {from:P1} to {to:P1})"));
        return ExitCode.Done;
    }

    private static async Task<Round> MeasureAsync(int clients, Func<int, Task<(long Bytes, double First)>> generate)
    {
        var start = Stopwatch.GetTimestamp();
        var all = await Task.WhenAll(Enumerable.Range(0, clients).Select(generate));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var first = all.Select(one => one.First).Order().ElementAt(clients / 2);
        return new(all.Sum(one => one.Bytes) / seconds, first);
    }

    private static async Task<(long Bytes, double First)> LibraryAsync(ByteGenerator generator, int number, int bytes,
        CancellationToken cancellation)
    {
        var (start, first, count) = (Stopwatch.GetTimestamp(), 0.0, 0L);
        var options = new GenerationOptions { MaxBytes = bytes, Sampling = new() { Seed = (ulong)number, AllowEos = false } };
        await foreach (var chunk in generator.GenerateAsync(Encoding.UTF8.GetBytes(Prompt), options, cancellation))
        {
            if (count == 0) first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            count += chunk.Bytes.Length;
        }

        return (count, first);
    }

    /// <summary>A stream of completions without end of its own, so that both generate as much.</summary>
    private static async Task<(long Bytes, double First)> ServedAsync(HttpClient client, int number, int bytes,
        CancellationToken cancellation)
    {
        var (start, first) = (Stopwatch.GetTimestamp(), 0.0);
        var json = string.Create(CultureInfo.InvariantCulture,
            $$$"""{"prompt":"{{{Prompt}}}","max_tokens":{{{bytes}}},"seed":{{{number}}},"logit_bias":{"257":-100},"stream":true}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var reader = new StreamReader(await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (first == 0 && line.StartsWith("data: ", StringComparison.Ordinal))
                first = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (line == "data: [DONE]") return (bytes, first);
        }

        throw new UnsoundModelException("a stream ends without saying so");
    }

    private static void Write(string name, List<Round> rounds) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{name}  {Median(rounds, round => round.BytesPerSecond),10:N0} bytes/s, first byte after "
            + $"{Median(rounds, round => round.FirstMilliseconds):F1} ms (medians)"));

    private static double Median(List<Round> rounds, Func<Round, double> of) => Quantile([.. rounds.Select(of).Order()], 0.5);

    private static double Quantile(double[] ordered, double share)
    {
        var place = share * (ordered.Length - 1);
        var (low, high) = (ordered[(int)place], ordered[(int)Math.Ceiling(place)]);
        return low + ((place - Math.Floor(place)) * (high - low));
    }

    private readonly record struct Round(double BytesPerSecond, double FirstMilliseconds);
}
