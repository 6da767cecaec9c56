using System.Globalization;
using HoloZero.Artifacts;

namespace HoloZero.Server;

/// <summary>
/// What the service allows, and how it speaks. Every property is a key of the section <see cref="Section"/>. Read once, at the start.
/// </summary>
internal sealed class ServerOptions
{
    /// <summary>Where it stands in the configuration.</summary>
    public const string Section = "HoloZero:Server";

    private const long GiB = 1L << 30;
    private const int DefaultChatMaxTokens = 256;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private int? _chatMaxTokens;

    /// <summary>The model that answers where a request names none; null is the first by name.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>Bytes of a request's body at most.</summary>
    public long MaxBodyBytes { get; set; } = 4 << 20;

    /// <summary>Bytes of a prompt at most.</summary>
    public int MaxPromptBytes { get; set; } = 65_536;

    /// <summary>What <c>max_tokens</c> may be at most.</summary>
    public int MaxTokens { get; set; } = 16_384;

    /// <summary>Generations of one request at most: prompts times the greater of <c>n</c> and <c>best_of</c>.</summary>
    public int MaxChoices { get; set; } = 128;

    /// <summary>Bytes that one request may generate at most: its generations times <c>max_tokens</c>.</summary>
    public int MaxRequestTokens { get; set; } = 65_536;

    /// <summary>Texts that wait to be scored at most, a model.</summary>
    public int MaxScoreQueued { get; set; } = 32;

    /// <summary>Pictures and sounds that wait to be read at most, of all models together.</summary>
    public int MaxMediaQueued { get; set; } = 32;

    /// <summary>Whether generators keep room for a window of a film and the next one, which takes memory of state.</summary>
    public bool FilmWindows { get; set; } = true;

    /// <summary>Connections at the same time.</summary>
    public int MaxConnections { get; set; } = 1024;

    /// <summary>How long a request may take.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often a stream gets a comment line, so that nobody on the way takes it for dead.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Seconds that <c>Retry-After</c> tells those who come when too many wait, or before a model is ready.</summary>
    public int RetryAfterSeconds { get; set; } = 1;

    /// <summary>SHA-256 of the keys that callers of <c>/v1</c> may show, in hexadecimal; none lets everybody in.</summary>
    public string[] ApiKeyHashes { get; set; } = [];

    /// <summary>Origins whose pages may call; none lets those of this service alone.</summary>
    public string[] CorsOrigins { get; set; } = [];

    /// <summary>How a chat message becomes text: <c>{role}</c> and <c>{content}</c> stand for its parts.</summary>
    public string ChatMessage { get; set; } = "{content}";

    /// <summary>What stands between the messages of a chat.</summary>
    public string ChatSeparator { get; set; } = "\n";

    /// <summary>What stands after the last message of a chat, before its continuation.</summary>
    public string ChatSuffix { get; set; } = "";

    /// <summary>How many bytes a chat's answer has at most where the request does not say.</summary>
    public int ChatMaxTokens
    {
        get => _chatMaxTokens ?? Math.Min(DefaultChatMaxTokens, MaxTokens);
        set => _chatMaxTokens = value;
    }

    /// <summary>Whether prompts and what comes of them are logged.</summary>
    public bool LogContent { get; set; }

    /// <summary>Where metrics and traces are sent to by OTLP, a URL; null sends none.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>Checks ranges.</summary>
    /// <exception cref="BadInputException">One is out of range; the message names its key.</exception>
    public void Validate()
    {
        Range(nameof(MaxBodyBytes), MaxBodyBytes, 1024, GiB);
        Range(nameof(MaxPromptBytes), MaxPromptBytes, 1, 1 << 26);
        Range(nameof(MaxTokens), MaxTokens, 1, 1 << 24);
        Range(nameof(MaxChoices), MaxChoices, 1, 4096);
        Range(nameof(MaxRequestTokens), MaxRequestTokens, 1, 1 << 24);
        Range(nameof(MaxScoreQueued), MaxScoreQueued, 0, 1 << 16);
        Range(nameof(MaxMediaQueued), MaxMediaQueued, 0, 1 << 16);
        Range(nameof(MaxConnections), MaxConnections, 1, 1 << 20);
        Range(nameof(RetryAfterSeconds), RetryAfterSeconds, 0, 3600);
        Range(nameof(ChatMaxTokens), ChatMaxTokens, 1, MaxTokens);
        Range(nameof(RequestTimeout), RequestTimeout, TimeSpan.FromMilliseconds(100), Day);
        Range(nameof(Heartbeat), Heartbeat, TimeSpan.FromMilliseconds(100), Day);
        for (var i = 0; i < ApiKeyHashes.Length; i++)
        {
            if (ApiKeyHashes[i].Length != 64 || !ApiKeyHashes[i].All(char.IsAsciiHexDigit))
            {
                throw new BadInputException($"{Key(nameof(ApiKeyHashes))}:{i}", "is no SHA-256",
                    "write 64 hexadecimal digits, as `printf %s KEY | sha256sum` prints them");
            }
        }

        foreach (var origin in CorsOrigins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin)
            {
                throw new BadInputException(Key(nameof(CorsOrigins)), $"{Untrusted.Quote(origin)} is no origin",
                    "write https://host[:port]");
            }
        }

        if (!ChatMessage.Contains("{content}", StringComparison.Ordinal))
            throw new BadInputException(Key(nameof(ChatMessage)), "has no {content}", "say where the message's text stands");
        if (OtlpEndpoint is not null && !(Uri.TryCreate(OtlpEndpoint, UriKind.Absolute, out var otlp) && otlp.Scheme is "http" or "https"))
        {
            throw new BadInputException(Key(nameof(OtlpEndpoint)), $"{Untrusted.Quote(OtlpEndpoint)} is no address",
                "write http://host:4317");
        }
    }

    private static string Key(string option) => ConfigurationPath.Combine(Section, option);

    private static void Range(string option, long value, long least, long most)
    {
        if (value < least || value > most)
            throw new BadInputException(Key(option), $"is {value}, allowed are {least:N0} to {most:N0}", "leave it out for the default");
    }

    private static void Range(string option, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            throw new BadInputException(Key(option), string.Create(CultureInfo.InvariantCulture,
                $"is {value:c}, allowed are {least:c} to {most:c}"), "write hh:mm:ss");
        }
    }
}
