using System.CommandLine;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export ablate</c>: the same network behind several doors, trained under one budget.</summary>
internal sealed class AblateCommand
{
    private const int MostSeeds = 1000;

    private readonly Option<string> _config = new("--config")
    {
        Description = $"the network, whose door the arms choose: {string.Join(", ", ConfigurationFile.Known.Keys)}, or a JSON file",
        DefaultValueFactory = _ => "tiny",
    };

    private readonly Option<string[]> _arms = new("--arms")
    {
        Description = $"the arms, with commas between them [{string.Join(",", AblationArm.All.Select(arm => arm.Name))}]",
    };

    private readonly Option<int?> _seeds = Values.Whole<int>("--seeds", "seeds of each arm, from --seed on [2]");
    private readonly Option<string?> _output = new("--output") { Description = "folder of the runs and the table: new, or to go on with" };
    private readonly Option<ComputeDevice> _device = EngineArguments.DeviceOption();
    private readonly DataArguments _data;
    private readonly TrainArguments _arguments;

    private AblateCommand(Command command)
    {
        _data = new(command, "windows of films to learn from, whose captions are measured with their own sound and with another's");
        foreach (var option in (Option[])[_config, _arms, _seeds, _output]) command.Options.Add(option);
        _arguments = new(command, new() { Steps = 1 });
        command.Options.Add(_device);
        command.SetAction((parsed, cancellation) =>
        {
            Run(parsed, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
    }

    public static Command Create()
    {
        var command = new Command("ablate",
            "Trains the same network behind several doors with TorchSharp, resumable, and writes a table of how well each predicts.");
        _ = new AblateCommand(command);
        return command;
    }

    private void Run(ParseResult parsed, CancellationToken cancellation)
    {
        var steps = parsed.GetValue(_arguments.Steps) ?? throw new BadInputException("steps", "it is missing", "say how many");
        var output = parsed.GetValue(_output) ?? throw new BadInputException("output", "it is missing", "name a folder to write");
        var network = ConfigurationFile.Find("config", parsed.GetValue(_config)!);
        if (network.Door != new DoorConfig())
            throw new BadInputException("config", $"its door is {network.Door}", "name the zero door: the arms choose theirs");
        var arms = Arms(parsed.GetValue(_arms) ?? []);
        var seeds = parsed.GetValue(_seeds) ?? 2;
        if (seeds is < 1 or > MostSeeds)
            throw new BadInputException("seeds", $"{seeds} is not within 1 to {MostSeeds:N0}", "choose another value");
        _data.RequireReadableAgain(parsed);
        var files = _data.Read(parsed);
        files.RequireLearnable();
        var options = _arguments.Options(parsed, files, new(), "", new() { Steps = steps });
        // What there is too little of is told before the engine is loaded.
        _ = files.Prepared(options, network.SlotBytes);
        var film = FilmLayout.Film;
        var plan = new AblationPlan
        {
            Network = network,
            Arms = arms,
            Seeds = seeds,
            Options = options,
            Texts = [.. files.Texts.Select(text => text.Source)],
            HeldOut = [.. files.HeldOut.Select(text => text.Source)],
            Windows = files.Windows?.Source,
            Captions = new(film.Sound.Start.Value, film.SoundBytes, film.Caption.Start.Value, film.CaptionBytes),
        };
        var ablation = new Ablation(Engines.Training(parsed.GetValue(_device)), plan,
            run => files.Parts(run, network.SlotBytes), output);
        var report = ablation.Run((arm, seed) =>
        {
            Console.WriteLine($"arm {arm.Name}, seed {seed}: {AsymDec.DoorParameters(network.Behind(arm.Door(seed))):N0} parameters at the "
                + "door");
            return new TrainProgress(TimeProvider.System);
        }, cancellation);
        Console.WriteLine();
        Console.Write(report.Table());
    }

    private static IReadOnlyList<AblationArm> Arms(string[] given)
    {
        string[] names = [.. given.SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries))];
        if (names.Length == 0) return AblationArm.All;
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new BadInputException("arms", $"{Untrusted.Quote(twice.Key)} is named twice", "name it once");
        return [.. names.Select(name => AblationArm.All.FirstOrDefault(arm => arm.Name == name)
            ?? throw new BadInputException("arms", $"{Untrusted.Quote(name)} is no arm",
                $"name some of {string.Join(", ", AblationArm.All.Select(arm => arm.Name))}"))];
    }
}
