using System.CommandLine;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;
using HoloZero.Models;
using HoloZero.Models.Training;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>The numbers of a training run, as options.</summary>
internal sealed class TrainArguments
{
    private readonly Option<int?> _batch, _microBatch, _slots, _stream, _heldOutWindows, _kept;
    private readonly Option<double?> _rate, _finalShare, _decay, _clip, _beta1, _beta2, _heldOutShare, _saveMinutes, _dropout;
    private readonly Option<long?> _warmUp, _evaluate, _save;
    private readonly Option<ulong?> _seed;
    private readonly Option<int?> _threads = EngineArguments.ThreadsOption();
    private readonly ReadingArguments _reading;
    private readonly Option<TrainingPrecision> _precision = Values.Choice("--precision", "what the products of Linears and attention are "
        + "computed in, as under autocast; all else, and what is measured, is float32", TrainingPrecision.Float32);

    private readonly Option<bool> _eos = new("--eos")
    {
        Description = "learn the end of each text or document as the symbol that ends a generation; needs --held-out or documents",
    };

    private readonly Option<string?> _separator = new("--document-separator")
    {
        Description = "text that stands between the documents of --text and --held-out: windows lie in one document",
        HelpName = "text",
    };

    private readonly Option<byte[]> _separatorHex =
        Values.Hex("--document-separator-hex", "the same as bytes in hexadecimal: 00 is a zero byte, 0a0a an empty line");

    private readonly Option<int?> _filmWindows = Values.Whole<int>("--film-windows", "windows of a film in --windows [all]");
    private readonly Option<double?> _windowsShare =
        Values.Number("--windows-share", "share of the steps that take windows where there is text, too [0.5]");
    private readonly Option<SlotRest> _slotRest =
        Values.Choice("--slot-rest", "what becomes of a prefix window's last bytes where they fill no slot", SlotRest.Truncate);

    public TrainArguments(Command command, TrainingOptions defaults)
    {
        _batch = Values.Whole<int>("--batch", $"windows a step [{defaults.BatchSize}]");
        _microBatch = Values.Whole<int>("--micro-batch",
            "windows computed at once: the gradients of a step's parts are added up, in less memory [all]");
        _slots = Values.Whole<int>("--prefix-slots", $"most prefix slots of a window, each step draws 0 to N [{defaults.PrefixSlots}]");
        _stream = Values.Whole<int>("--stream-bytes", $"stream bytes of a window, all but the first predicted [{defaults.StreamBytes}]");
        _rate = Values.Number("--learning-rate", $"the highest [{defaults.LearningRate}]");
        _warmUp = Values.Whole<long>("--warm-up", $"steps over which the learning rate rises [{defaults.WarmUp}]");
        _finalShare = Values.Number("--final-share", $"share of it at which the cosine ends [{defaults.FinalShare}]");
        _decay = Values.Number("--weight-decay", $"of matrices, per unit of learning rate [{defaults.Optimizer.WeightDecay}]");
        _clip = Values.Number("--clip", $"longest gradient [{defaults.Optimizer.ClipNorm}]");
        _beta1 = Values.Number("--beta1", $"decay of the mean gradient [{defaults.Optimizer.Beta1}]");
        _beta2 = Values.Number("--beta2", $"decay of the mean squared gradient [{defaults.Optimizer.Beta2}]");
        _heldOutShare = Values.Number("--held-out-share", $"share of each text, at its end, that is held out [{defaults.HeldOutShare}]");
        _heldOutWindows = Values.Whole<int>("--held-out-windows",
            $"most windows of held-out text that are measured [{defaults.HeldOutWindows}; all with --evaluate-only]");
        _evaluate = Values.Whole<long>("--evaluate-every", $"steps between measurements [{defaults.EvaluateEvery}]");
        _save = Values.Whole<long>("--save-every", $"steps between saves [{defaults.SaveEvery}]");
        _saveMinutes = Values.Number("--save-minutes", $"minutes between saves, where steps take longer [{defaults.SaveMinutes}]");
        _kept = Values.Whole<int>("--keep", $"how many of the last saves keep weights of their own [{defaults.KeptSaves}]");
        _dropout = Values.Number("--dropout", $"share of a self block's elements that each step drops, below 1 [{defaults.Dropout}]");
        _seed = Values.Whole<ulong>("--seed", $"the same seed gives the same weights [{defaults.Seed}]");
        Learning = [Steps, _batch, _microBatch, _rate, _warmUp, _finalShare, _decay, _clip, _beta1, _beta2, _evaluate, _save, _saveMinutes,
            _kept, _precision, _dropout, _eos, _windowsShare];
        Measuring = [_slots, _stream, _heldOutShare, _heldOutWindows, _seed, _threads, _filmWindows, _slotRest, _separator, _separatorHex];
        foreach (var option in Learning.Concat(Measuring)) command.Options.Add(option);
        _reading = new(command);
        Measuring = [.. Measuring, .. _reading.All];
    }

    /// <summary>Steps in all.</summary>
    public Option<long?> Steps { get; } = Values.Whole<long>("--steps", "steps in all; with --resume, another end for the run");

    /// <summary>Those that a run needs to learn.</summary>
    public IReadOnlyList<Option> Learning { get; }

    /// <summary>The others.</summary>
    public IReadOnlyList<Option> Measuring { get; }

    /// <summary>What was given, and the defaults.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="saved">What the checkpoint says of the reading.</param>
    /// <param name="source">The checkpoint, for messages.</param>
    /// <param name="defaults">What holds where nothing is given.</param>
    public TrainingOptions Options(ParseResult parsed, TrainData data, PartialReading saved, string source, TrainingOptions defaults)
    {
        RequireMeant(parsed, data);
        var options = defaults with
        {
            BatchSize = parsed.GetValue(_batch) ?? defaults.BatchSize,
            MicroBatch = parsed.GetValue(_microBatch),
            PrefixSlots = parsed.GetValue(_slots) ?? defaults.PrefixSlots,
            StreamBytes = parsed.GetValue(_stream) ?? defaults.StreamBytes,
            LearningRate = parsed.GetValue(_rate) ?? defaults.LearningRate,
            WarmUp = parsed.GetValue(_warmUp) ?? defaults.WarmUp,
            FinalShare = parsed.GetValue(_finalShare) ?? defaults.FinalShare,
            Optimizer = defaults.Optimizer with
            {
                WeightDecay = parsed.GetValue(_decay) ?? defaults.Optimizer.WeightDecay,
                ClipNorm = parsed.GetValue(_clip) ?? defaults.Optimizer.ClipNorm,
                Beta1 = parsed.GetValue(_beta1) ?? defaults.Optimizer.Beta1,
                Beta2 = parsed.GetValue(_beta2) ?? defaults.Optimizer.Beta2,
            },
            HeldOutShare = parsed.GetValue(_heldOutShare) ?? defaults.HeldOutShare,
            HeldOutWindows = parsed.GetValue(_heldOutWindows) ?? defaults.HeldOutWindows,
            EvaluateEvery = parsed.GetValue(_evaluate) ?? defaults.EvaluateEvery,
            SaveEvery = parsed.GetValue(_save) ?? defaults.SaveEvery,
            SaveMinutes = parsed.GetValue(_saveMinutes) ?? defaults.SaveMinutes,
            KeptSaves = parsed.GetValue(_kept) ?? defaults.KeptSaves,
            Seed = parsed.GetValue(_seed) ?? defaults.Seed,
            Threads = parsed.GetValue(_threads) ?? Engines.DefaultThreads,
            Precision = parsed.GetValue(_precision),
            DocumentSeparator = Separator(parsed),
            Dropout = parsed.GetValue(_dropout) ?? defaults.Dropout,
            EndOfText = parsed.GetValue(_eos),
            Reading = _reading.Told(parsed).Resolve(saved, source),
            Windows = data.Windows is null ? null : new(FilmLayout.Film.Length, parsed.GetValue(_filmWindows),
                parsed.GetValue(_slotRest) == SlotRest.Pad, parsed.GetValue(_windowsShare) ?? (data.HasText ? 0.5 : 1)),
        };
        options.Validate();
        return options;
    }

    private string? Separator(ParseResult parsed)
    {
        var (text, hex) = (parsed.GetValue(_separator), parsed.GetValue(_separatorHex) ?? []);
        if (text is not null && hex.Length > 0)
            throw new BadInputException("document-separator", "it contradicts --document-separator-hex", "give one of them");
        if (text is "") throw new BadInputException("document-separator", "it is empty", "name at least one byte");
        return text is null && hex.Length == 0 ? null : Convert.ToHexStringLower(text is null ? hex : Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Refuses what would be without effect.</summary>
    private void RequireMeant(ParseResult parsed, TrainData data)
    {
        if (data.Windows is null) Refuse(parsed, [_filmWindows, _slotRest, _windowsShare], "there are no windows", "give --windows F");
        if (!data.HasText)
            Refuse(parsed, [_slots, _stream, _eos, _windowsShare, _separator, _separatorHex], "there is no text", "give --text F");
        if (data.Windows is null && data.HeldOut.Count > 0)
            Refuse(parsed, [_heldOutShare], "it contradicts --held-out, which is held out whole", "give one of them");
    }

    /// <summary>Refuses options that were given where they would be without effect.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The options.</param>
    /// <param name="what">Why they would.</param>
    /// <param name="remedy">What to do to use them; null where nothing helps but to leave them out.</param>
    /// <exception cref="BadInputException">One of them was given.</exception>
    public static void Refuse(ParseResult parsed, IEnumerable<Option> options, string what, string? remedy = null)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is not { } given) return;
        throw new BadInputException(given.Name.TrimStart('-'), what, remedy is null ? "leave it out" : $"{remedy}, or leave it out");
    }
}
