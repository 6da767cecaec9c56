using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Load.Serving;

/// <summary>The service as a process of its own, on a port that the system chooses. Linux. Dispose it.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _drained;

    private ServerProcess(Process process, Uri address, Task drained) => (_process, Address, _drained) = (process, address, drained);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="program">The program.</param>
    /// <param name="keys">Its command line.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="UnsoundModelException">It ends instead.</exception>
    public static async Task<ServerProcess> StartAsync(string program, IEnumerable<string> keys, CancellationToken cancellation)
    {
        string[] arguments = [.. keys, "--urls=http://127.0.0.1:0", "--Logging:Console:FormatterName=json"];
        var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
            {
                if (Listening(line) is not { } address) continue;
                // It must be read on, or the service would wait for whoever reads its log.
                var server = new ServerProcess(process, address, Drain(process));
                await server.ReadyAsync(cancellation);
                return server;
            }

            throw new UnsoundModelException($"{program} ends instead of listening");
        }
        catch (Exception e)
        {
            if (!process.HasExited) process.Kill();
            process.Dispose();
            if (e is not HttpRequestException) throw;
            throw new UnsoundModelException($"{program} ends instead of becoming ready; check the model with doctor");
        }
    }

    /// <summary>Asks it to end.</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("bash", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -TERM {_process.Id}")]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits until it has ended.</summary>
    public async Task EndedAsync(CancellationToken cancellation)
    {
        await _process.WaitForExitAsync(cancellation);
        await _drained;
    }

    /// <summary>What it holds now.</summary>
    public ProcessResources Measure()
    {
        var status = File.ReadAllLines($"/proc/{_process.Id}/status").Select(line => line.Split(':', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.Ordinal);
        return new(long.Parse(status["VmRSS"].Split(' ')[0], CultureInfo.InvariantCulture) << 10,
            int.Parse(status["Threads"], CultureInfo.InvariantCulture),
            Directory.GetFiles($"/proc/{_process.Id}/fd").Count(ProcessResources.IsCounted));
    }

    /// <summary>Ends it at once, if it still runs.</summary>
    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private async Task ReadyAsync(CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = Address };
        while (true)
        {
            using var ready = await client.GetAsync("/health/ready", cancellation);
            if (ready.IsSuccessStatusCode) return;
            await Task.Delay(100, cancellation);
        }
    }

    private static Uri? Listening(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("State").TryGetProperty("address", out var address) ? new(address.GetString()!) : null;
    }

    private static async Task Drain(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync() is not null)
        {
            // Nobody reads it.
        }
    }
}
