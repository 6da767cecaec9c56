using System.CommandLine;
using System.Globalization;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero generate</c>: the continuation's raw bytes on stdout, and nothing else there.</summary>
internal sealed class GenerateCommand
{
    private readonly Option<string?> _prompt = new("--prompt") { Description = "the prompt as text" };
    private readonly Option<byte[]> _promptHex = Values.Hex("--prompt-hex", "the prompt as bytes in hexadecimal: ec9588 is one character");
    private readonly Option<string?> _promptFile = new("--prompt-file") { Description = "a file with the prompt's bytes; - is stdin" };
    private readonly Option<long?> _maxBytes = Values.Whole<long>("--max-bytes", "bytes to generate at most");
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
    private readonly ModelArguments _model;

    private GenerateCommand(Command command)
    {
        _model = new(command);
        _maxBytes.Required = true;
        foreach (var option in (Option[])[_prompt, _promptHex, _promptFile, _maxBytes, _prefixSlots, _streamBytes, _maxPrefixSlots,
            _keptStreamBytes, _greedy, _temperature, _topK, _topP, _minP, _penalty, _seed, _ignoreEos, _stops, _stopsHex,
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

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var prompt = Prompt(parsed, cancellation);
        var options = Options(parsed);
        options.Validate();
        // How large the model's own stream and slots are is not known yet.
        Window(parsed, new() { StreamBytes = ContextWindowOptions.MaxStreamBytes }).Validate(slotBytes: 1);
        using var model = _model.Load(parsed, cancellation, speculation: !parsed.GetValue(_noSpeculation));
        var window = Window(parsed, model.Window);
        await using var generator = new ByteGenerator(model, new() { MaxRows = 1, Window = window, PrefixCacheBytes = 0 });
        var output = new StandardOutput();
        await foreach (var chunk in generator.GenerateAsync(prompt, options, cancellation))
        {
            if (!output.TryWrite(chunk.Bytes.Span)) break;
            if (chunk.Finish is { } finish && !Console.IsErrorRedirected) await Console.Error.WriteLineAsync("\n" + Summary(finish));
        }

        return ExitCode.Done;
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

    private GenerationOptions Options(ParseResult parsed)
    {
        return new()
        {
            MaxBytes = parsed.GetRequiredValue(_maxBytes)!.Value,
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
