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
    private readonly Option<string?> _promptFile = new("--prompt-file") { Description = "a file with the prompt's bytes" };
    private readonly Option<long?> _maxBytes = Values.Whole<long>("--max-bytes", "bytes to generate at most");
    private readonly Option<int?> _prefixSlots = Values.Whole<int>("--prefix-slots",
        "slots of the prompt that are prefix [all but the last 1 to K bytes]");
    private readonly Option<int?> _streamBytes = Values.Whole<int>("--stream-bytes",
        $"stream bytes kept before re-packing [{new ContextWindowOptions().StreamBytes}]");
    private readonly Option<int?> _maxPrefixSlots = Values.Whole<int>("--max-prefix-slots",
        $"prefix slots kept [{new ContextWindowOptions().MaxPrefixSlots}]");
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
    private readonly ModelArguments _model;

    private GenerateCommand(Command command)
    {
        _model = new(command);
        _maxBytes.Required = true;
        foreach (var option in (Option[])[_prompt, _promptFile, _maxBytes, _prefixSlots, _streamBytes, _maxPrefixSlots, _greedy,
            _temperature, _topK, _topP, _minP, _penalty, _seed, _ignoreEos, _stops])
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
        var prompt = Prompt(parsed);
        var options = Options(parsed);
        options.Validate();
        using var model = _model.Load(parsed);
        var output = new StandardOutput();
        await foreach (var chunk in model.GenerateAsync(prompt, options, cancellation))
        {
            if (!output.TryWrite(chunk.Bytes.Span)) break;
            if (chunk.Finish is { } finish && !Console.IsErrorRedirected) await Console.Error.WriteLineAsync("\n" + Summary(finish));
        }

        return ExitCode.Done;
    }

    private byte[] Prompt(ParseResult parsed) => (parsed.GetValue(_prompt), parsed.GetValue(_promptFile)) switch
    {
        // What is not UTF-8 on the command line arrives as this character.
        ({ } text, null) when text.Contains('\ufffd') =>
            throw new BadInputException("prompt", "it is not valid UTF-8", "put the bytes into a file and give --prompt-file"),
        ({ } text, null) => Encoding.UTF8.GetBytes(text),
        (null, { } file) => InputFile.ReadBytes(file),
        (null, null) => throw new BadInputException("prompt", "there is no prompt", "give --prompt TEXT or --prompt-file F"),
        _ => throw new BadInputException("prompt", "it contradicts --prompt-file", "give one of them"),
    };

    private GenerationOptions Options(ParseResult parsed)
    {
        var window = new ContextWindowOptions();
        return new()
        {
            MaxBytes = parsed.GetRequiredValue(_maxBytes)!.Value,
            PrefixSlots = parsed.GetValue(_prefixSlots),
            Window = window with
            {
                StreamBytes = parsed.GetValue(_streamBytes) ?? window.StreamBytes,
                MaxPrefixSlots = parsed.GetValue(_maxPrefixSlots) ?? window.MaxPrefixSlots,
            },
            Stop = StopSequences.FromText(parsed.GetValue(_stops) ?? []),
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

    private static string Summary(GenerationFinish finish) => string.Create(CultureInfo.InvariantCulture,
        $"[{finish.Bytes} bytes, ended by {finish.Reason.ToString().ToLowerInvariant()}"
            + $"{(finish.Seed is { } seed ? $", --seed {seed}" : "")}]");
}
