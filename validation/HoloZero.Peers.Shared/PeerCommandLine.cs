using System.Globalization;
using System.Text.Json;

namespace HoloZero.Peers;

/// <summary>
/// PROGRAM MODEL THREADS TOKENS PREFILL ROUNDS: measures and prints JSON. Exit: 0 measured, 1 something else failed, 2 the arguments are
/// wrong, 3 the native library does not load here.
/// </summary>
internal static class PeerCommandLine
{
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static int Run(string[] args, Func<string, int, PeerSizes, IPeer> load)
    {
        if (args is not [var model, var threadsText, var tokensText, var prefillText, var roundsText]
            || !Whole(threadsText, 1, 1024, out var threads) || !Whole(tokensText, 16, 4096, out var tokens)
            || !Whole(prefillText, 1, 4096, out var prefill) || !Whole(roundsText, 1, 100, out var rounds))
        {
            Console.Error.WriteLine("usage: PROGRAM MODEL THREADS[1-1024] TOKENS[16-4096] PREFILL[1-4096] ROUNDS[1-100]");
            return 2;
        }

        var sizes = new PeerSizes(tokens, prefill, rounds);
        try
        {
            using var peer = load(model, threads, sizes);
            Console.WriteLine(JsonSerializer.Serialize(PeerMeasurement.Run(peer, sizes, threads, TimeProvider.System), SnakeCase));
            return 0;
        }
        catch (Exception e)
        {
            var missing = e is DllNotFoundException or TypeInitializationException or BadImageFormatException;
            Console.Error.WriteLine(missing ? (e.InnerException ?? e).Message : e.ToString());
            return missing ? 3 : 1;
        }
    }

    private static bool Whole(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
}
