using System.CommandLine;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>The numbers of a training run, as options.</summary>
internal sealed class TrainArguments
{
    private readonly Option<long?> _steps = Values.Whole<long>("--steps", "steps in all");
    private readonly Option<int?> _batch;
    private readonly Option<int?> _slots;
    private readonly Option<int?> _stream;
    private readonly Option<double?> _rate;
    private readonly Option<long?> _warmUp;
    private readonly Option<double?> _finalShare;
    private readonly Option<double?> _decay;
    private readonly Option<double?> _clip;
    private readonly Option<double?> _beta1;
    private readonly Option<double?> _beta2;
    private readonly Option<double?> _heldOutShare;
    private readonly Option<int?> _heldOutWindows;
    private readonly Option<long?> _evaluate;
    private readonly Option<long?> _save;
    private readonly Option<ulong?> _seed;
    private readonly Option<int?> _threads = EngineArguments.ThreadsOption();
    private readonly ReadingArguments _reading;
    private readonly Option<int?> _filmWindows = Values.Whole<int>("--film-windows", "windows of a film in --windows [all]");
    private readonly Option<double?> _windowsShare =
        Values.Number("--windows-share", "share of the steps that take windows where there is text, too [0.5]");
    private readonly Option<SlotRest> _slotRest =
        Values.Choice("--slot-rest", "what becomes of a prefix window's last bytes where they fill no slot", SlotRest.Truncate);

    public TrainArguments(Command command, TrainingOptions defaults)
    {
        _batch = Values.Whole<int>("--batch", $"windows a step [{defaults.BatchSize}]");
        _slots = Values.Whole<int>("--prefix-slots", $"most prefix slots of a window, each step draws 0 to N [{defaults.PrefixSlots}]");
        _stream = Values.Whole<int>("--stream-bytes", $"stream bytes of a window, all but the first predicted [{defaults.StreamBytes}]");
        _rate = Values.Number("--learning-rate", $"the highest [{defaults.LearningRate}]");
        _warmUp = Values.Whole<long>("--warm-up", $"steps over which the learning rate rises [{defaults.WarmUp}]");
        _finalShare = Values.Number("--final-share", $"share of it at which the cosine ends [{defaults.FinalShare}]");
        _decay = Values.Number("--weight-decay", $"of matrices, per unit of learning rate [{defaults.Optimizer.WeightDecay}]");
        _clip = Values.Number("--clip", $"longest gradient [{defaults.Optimizer.ClipNorm}]");
        _beta1 = Values.Number("--beta1", $"decay of the mean gradient [{defaults.Optimizer.Beta1}]");
        _beta2 = Values.Number("--beta2", $"decay of the mean squared gradient [{defaults.Optimizer.Beta2}]");
        _heldOutShare = Values.Number("--held-out-share", $"share of the text, at its end, that is held out [{defaults.HeldOutShare}]");
        _heldOutWindows = Values.Whole<int>("--held-out-windows", $"most windows of it that are measured [{defaults.HeldOutWindows}]");
        _evaluate = Values.Whole<long>("--evaluate-every", $"steps between measurements [{defaults.EvaluateEvery}]");
        _save = Values.Whole<long>("--save-every", $"steps between saves [{defaults.SaveEvery}]");
        _seed = Values.Whole<ulong>("--seed", $"the same seed gives the same weights [{defaults.Seed}]");
        All = [_steps, _batch, _slots, _stream, _rate, _warmUp, _finalShare, _decay, _clip, _beta1, _beta2, _heldOutShare, _heldOutWindows,
            _evaluate, _save, _seed, _threads, _filmWindows, _windowsShare, _slotRest];
        foreach (var option in All) command.Options.Add(option);
        _reading = new(command);
        All = [.. All, .. _reading.All];
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All { get; }

    /// <summary>What was given, and the defaults.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="hasWindows">Whether it learns from windows.</param>
    /// <param name="hasText">Whether it learns from text.</param>
    public TrainingOptions Options(ParseResult parsed, bool hasWindows, bool hasText)
    {
        if (parsed.GetValue(_windowsShare) is not null && !(hasWindows && hasText))
            throw new BadInputException("windows-share", "there is nothing to mix", "give --windows F and --text F, or leave it out");
        var steps = parsed.GetValue(_steps) ?? throw new BadInputException("steps", "it is missing", "say how many");
        var defaults = new TrainingOptions { Steps = steps };
        var reading = _reading.Of(parsed);
        return defaults with
        {
            BatchSize = parsed.GetValue(_batch) ?? defaults.BatchSize,
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
            Seed = parsed.GetValue(_seed) ?? defaults.Seed,
            Threads = parsed.GetValue(_threads) ?? Engines.DefaultThreads,
            PrefixAttention = reading.PrefixAttention,
            StreamPositions = reading.StreamPositions,
            StreamOrigin = reading.StreamOrigin,
            Windows = !hasWindows ? null : new(FilmLayout.Film.Length, parsed.GetValue(_filmWindows),
                parsed.GetValue(_slotRest) == SlotRest.Pad, parsed.GetValue(_windowsShare) ?? (hasText ? 0.5 : 1)),
        };
    }
}
