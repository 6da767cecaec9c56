using System.CommandLine;
using System.Globalization;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero generate</c>: the continuation's raw bytes on stdout, and nothing else there.</summary>
internal sealed class GenerateCommand
{
    private readonly Option<string?> _prompt = new("--prompt") { Description = "the prompt as text" };
    private readonly Option<byte[]> _promptHex = Values.Hex("--prompt-hex", "the prompt as bytes in hexadecimal: ec9588 is one character");
    private readonly Option<string?> _promptFile = new("--prompt-file") { Description = "a file with the prompt's bytes; - is stdin" };
    private readonly Option<long?> _maxBytes = Values.Whole<long>("--max-bytes",
        "bytes to generate at most [after a window the bytes of a window]");
    private readonly Option<int?> _prefixSlots = Values.Whole<int>("--prefix-slots",
        "slots of the prompt that are prefix [all but the last 1 to K bytes]");
    private readonly Option<int?> _streamBytes = Values.Whole<int>("--stream-bytes",
        $"stream bytes kept before re-packing [what the artifact was made for, else {new ContextWindowOptions().StreamBytes}]");
    private readonly Option<int?> _maxPrefixSlots = Values.Whole<int>("--max-prefix-slots",
        $"prefix slots kept [likewise, else {new ContextWindowOptions().MaxPrefixSlots}]");
    private readonly Option<int?> _keptStreamBytes = Values.Whole<int>("--kept-stream-bytes",
        "stream bytes that stay when it is re-packed [likewise, else 32, or half of a shorter stream]");
    private readonly Option<bool> _greedy = new("--greedy") { Description = "take the likeliest byte instead of drawing one" };
    private readonly Option<double?> _temperature = Values.Number("--temperature", "below 1 sharper, above 1 flatter [1]");
    private readonly Option<int?> _topK = Values.Whole<int>("--top-k", "draw from the N likeliest");
    private readonly Option<double?> _topP = Values.Number("--top-p", "draw from the likeliest that sum to this probability");
    private readonly Option<double?> _minP = Values.Number("--min-p",
        "draw from those with at least this fraction of the greatest probability");
    private readonly Option<double?> _penalty = Values.Number("--repetition-penalty", "above 1 discourages bytes that came lately [1]");
    private readonly Option<ulong?> _seed = Values.Whole<ulong>("--seed", "the same seed gives the same bytes [new each time]");
    private readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "never end the sequence before --max-bytes" };
    private readonly Option<string[]> _stops =
        new("--stop") { Description = "text that ends the generation and is not printed; may be repeated" };
    private readonly Option<byte[][]> _stopsHex = Values.HexList("--stop-hex", "the same as bytes in hexadecimal: 0a0a is an empty line");
    private readonly Option<bool> _noSpeculation = new("--no-speculation")
    {
        Description = "step byte by byte where guesses could be checked several at once: slower, and the same bytes",
    };
    private readonly Option<SlotRest> _slotRest =
        Values.Choice("--slot-rest", "what becomes of a window's last bytes where they fill no slot", SlotRest.Truncate);
    private readonly WindowArguments _window;
    private readonly ModelArguments _model;

    private GenerateCommand(Command command)
    {
        _model = new(command);
        _window = new(command);
        foreach (var option in (Option[])[_prompt, _promptHex, _promptFile, _maxBytes, _prefixSlots, _streamBytes, _maxPrefixSlots,
            _keptStreamBytes, _greedy, _temperature, _topK, _topP, _minP, _penalty, _seed, _ignoreEos, _stops, _stopsHex, _slotRest,
            _noSpeculation])
        {
            command.Options.Add(option);
        }

        command.SetAction(RunAsync);
    }

    public static Command Create()
    {
        var command = new Command("generate", "Continues a prompt, byte by byte.");
        _ = new GenerateCommand(command);
        return command;
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation) =>
        _window.AreGiven(parsed) ? AfterWindowAsync(parsed, cancellation) : AfterPromptAsync(parsed, cancellation);

    private async Task<int> AfterPromptAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var prompt = Prompt(parsed, cancellation);
        var options = Options(parsed, parsed.GetValue(_maxBytes)
            ?? throw new BadInputException("max-bytes", "it is not given", "give --max-bytes N, bytes to generate at most"));
        options.Validate();
        // How large the model's own stream and slots are is not known yet.
        Window(parsed, new() { StreamBytes = ContextWindowOptions.MaxStreamBytes }).Validate(slotBytes: 1);
        using var model = _model.Load(parsed, cancellation, speculation: !parsed.GetValue(_noSpeculation));
        return await WriteAsync(model, prompt, options, Window(parsed, model.Window), new(), cancellation);
    }

    private async Task<int> AfterWindowAsync(ParseResult parsed, CancellationToken cancellation)
    {
        RequireNoPrompt(parsed);
        using var model = _model.Load(parsed, cancellation, speculation: !parsed.GetValue(_noSpeculation));
        var window = _window.Compose(parsed, model.Artifact, cancellation);
        var next = WindowContinuation.Of(model, window, rest: parsed.GetValue(_slotRest));
        var length = parsed.GetValue(_maxBytes) ?? window.Layout.Length;
        var options = Options(parsed, Math.Max(0, length - next.Begun.Length)) with { PrefixSlots = next.PrefixSlots };
        var output = new StandardOutput();
        return length < 1 || output.TryWrite(next.Begun.Span)
            ? await WriteAsync(model, next.Prompt.ToArray(), options, Window(parsed, next.Room), output, cancellation) : ExitCode.Done;
    }

    private static async Task<int> WriteAsync(HoloZeroModel model, byte[] prompt, GenerationOptions options, ContextWindowOptions window,
        StandardOutput output, CancellationToken cancellation)
    {
        await using var generator = new ByteGenerator(model, new() { MaxRows = 1, Window = window, PrefixCacheBytes = 0 });
        await foreach (var chunk in generator.GenerateAsync(prompt, options, cancellation))
        {
            if (!output.TryWrite(chunk.Bytes.Span)) break;
            if (chunk.Finish is { } finish && !Console.IsErrorRedirected) await Console.Error.WriteLineAsync("\n" + Summary(finish));
        }

        return ExitCode.Done;
    }

    private void RequireNoPrompt(ParseResult parsed)
    {
        if (parsed.GetValue(_prompt) is null && parsed.GetValue(_promptFile) is null && parsed.GetValue(_promptHex) is []
            && parsed.GetValue(_prefixSlots) is null) return;
        throw new BadInputException("picture", "a window contradicts --prompt, --prompt-hex, --prompt-file and --prefix-slots",
            "give one or the other");
    }

    private byte[] Prompt(ParseResult parsed, CancellationToken cancellation) =>
        (parsed.GetValue(_prompt), parsed.GetValue(_promptHex), parsed.GetValue(_promptFile)) switch
        {
            // An option of bytes that is not given is empty.
            ({ } text, [], null) => Encoding.UTF8.GetBytes(text),
            (null, { Length: > 0 } bytes, null) => bytes,
            (null, [], { } file) => InputBytes.Read(file, cancellation),
            (null, [], null) =>
                throw new BadInputException("prompt", "there is no prompt", "give --prompt TEXT, --prompt-hex HEX or --prompt-file F"),
            ({ }, [], { }) => throw new BadInputException("prompt", "it contradicts --prompt-file", "give one of them"),
            _ => throw new BadInputException("prompt-hex", "it contradicts --prompt or --prompt-file", "give one of them"),
        };

    private StopSequences Stop(ParseResult parsed) =>
        new([.. (parsed.GetValue(_stops) ?? []).Select(Encoding.UTF8.GetBytes), .. parsed.GetValue(_stopsHex)!]);

    private GenerationOptions Options(ParseResult parsed, long maxBytes)
    {
        return new()
        {
            MaxBytes = maxBytes,
            PrefixSlots = parsed.GetValue(_prefixSlots),
            Stop = Stop(parsed),
            Sampling = new()
            {
                Greedy = parsed.GetValue(_greedy),
                Temperature = parsed.GetValue(_temperature),
                TopK = parsed.GetValue(_topK),
                TopP = parsed.GetValue(_topP),
                MinP = parsed.GetValue(_minP),
                RepetitionPenalty = parsed.GetValue(_penalty),
                Seed = parsed.GetValue(_seed),
                AllowEos = !parsed.GetValue(_ignoreEos),
            },
        };
    }

    private ContextWindowOptions Window(ParseResult parsed, ContextWindowOptions model) =>
        model.With(parsed.GetValue(_streamBytes), parsed.GetValue(_maxPrefixSlots), parsed.GetValue(_keptStreamBytes));

    private static string Summary(GenerationFinish finish) => string.Create(CultureInfo.InvariantCulture,
        $"[{finish.Bytes} bytes, ended by {finish.Reason.ToString().ToLowerInvariant()}"
            + $"{(finish.Seed is { } seed ? $", --seed {seed}" : "")}]");
}
