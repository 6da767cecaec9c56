using System.Text;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>A run as it lies in its folder.</summary>
/// <param name="Log">How it trains, and how far it is.</param>
/// <param name="Config">The network, in the reading that it is trained with.</param>
/// <param name="State">Weights, and moments unless it is at its beginning.</param>
/// <param name="BestWeights">The weights that predicted held-out text best.</param>
public sealed record SavedRun(TrainingLog Log, AsymDecConfig Config, TrainingState State,
    IReadOnlyDictionary<string, WeightTensor> BestWeights);

/// <summary>
/// What a run leaves: <c>model.safetensors</c> and <c>model.pt</c> with the same weights, <c>best.safetensors</c> with those that predicted
/// held-out text best, <c>optimizer.safetensors</c> with the moments, <c>training.json</c>, and its entries as <c>training.csv</c> and
/// <c>training.svg</c>. Written whole or not at all, so the files always belong to one step; only the table grows in between. One process
/// at a time may train in a folder: dispose it to let go. Not thread-safe.
/// </summary>
public sealed class TrainingFolder : IDisposable
{
    /// <summary>The file with the weights of the last step, whose hash the log has.</summary>
    internal const string Model = "model.safetensors";

    private const string PyTorchModel = "model.pt", BestModel = "best.safetensors",
        Optimizer = "optimizer.safetensors", Table = "training.csv", Plot = "training.svg";
    private const string First = "exp_avg.", Second = "exp_avg_sq.";
    private static readonly string[] Resumed = [Model, BestModel, Optimizer];
    private readonly FolderLock _lock;

    private TrainingFolder(string path, FolderLock taken) => (Path, _lock) = (path, taken);

    /// <summary>The folder.</summary>
    public string Path { get; }

    private static FolderKind Kind { get; } = new("a training run", TrainingLog.FileName, path =>
        [Model, PyTorchModel, BestModel, Optimizer, Table, Plot, .. TrainingLog.Read(path).Kept.Select(KeptModel)]);

    /// <summary>A folder for a new run; nothing is written yet.</summary>
    /// <param name="path">The folder: absent, empty, or one with a run to replace.</param>
    /// <param name="overwrite">Whether a run that is there may be replaced.</param>
    /// <exception cref="BadInputException">
    /// It holds a run that is to stay, or something else, or cannot be written, or another process trains in it.
    /// </exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static TrainingFolder Begin(string path, bool overwrite = false) => Take(path, () =>
    {
        if (overwrite || !File.Exists(System.IO.Path.Combine(path, TrainingLog.FileName))) return;
        var log = TrainingLog.Read(System.IO.Path.Combine(path, TrainingLog.FileName));
        throw new BadInputException(path, $"it holds a run, {log.Step:N0} of {log.Options.Steps:N0} steps",
            "resume it, name another folder, or say that it may be overwritten");
    });

    /// <summary>A folder with a run to go on with.</summary>
    /// <exception cref="BadInputException">It holds none, or cannot be written, or another process trains in it.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static TrainingFolder Open(string path)
    {
        RequireExisting(path);
        // First of all, as it says what is wrong with a log.
        TrainingLog.Read(System.IO.Path.Combine(path, TrainingLog.FileName));
        return Take(path, () => { });
    }

    /// <summary>Writes a run, replacing what is there.</summary>
    /// <returns>The log as written: with the hashes of the files, and those weights that are still kept.</returns>
    /// <exception cref="BadInputException">The folder holds something else, or cannot be written.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public TrainingLog Write(SavedRun run)
    {
        using var output = new FolderTransaction(Path, Kind);
        CheckpointWriter.WriteSafetensors(In(Model), run.Config, run.State.Weights);
        CheckpointWriter.WritePyTorch(In(PyTorchModel), run.Config, run.State.Weights);
        CheckpointWriter.WriteSafetensors(In(BestModel), run.Config, run.BestWeights);
        var moments = new SafetensorsWriter();
        Add(First, run.State.FirstMoments);
        Add(Second, run.State.SecondMoments);
        moments.Write(In(Optimizer));
        var log = run.Log with
        {
            Kept = [.. run.Log.Kept.Where(Keep)],
            Files = Resumed.ToDictionary(name => name, name => FileHash.Sha256(In(name))),
        };
        WriteText(TrainingLog.FileName, log.ToJson());
        WriteText(Table, TrainingTable.Of(log.Entries));
        WriteText(Plot, TrainingPlot.Of(log));
        output.Commit();
        return log;

        string In(string name) => System.IO.Path.Combine(output.Staging, name);

        void WriteText(string name, string text) => OutputFile.Write(In(name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));

        bool Keep(long step)
        {
            var source = step == run.Log.Step ? In(Model) : System.IO.Path.Combine(Path, KeptModel(step));
            if (!File.Exists(source)) return false;
            File.Copy(source, In(KeptModel(step)));
            return true;
        }

        void Add(string prefix, IReadOnlyDictionary<string, WeightTensor> tensors)
        {
            foreach (var (name, tensor) in tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                moments.Add(prefix + name, [.. tensor.Shape.Select(length => (long)length)], tensor.Data);
        }
    }

    /// <summary>
    /// Adds the last entry to the table, as far as that can be done: it is written anew with every save, which says what is wrong.
    /// </summary>
    public void Append(TrainingEntry entry) => TryTable(path => File.AppendAllText(path, TrainingTable.Line(entry)));

    /// <summary>Brings the table back to where the run is, which may have been stopped after entries that were not saved.</summary>
    public void Rewind(TrainingLog log) => TryTable(path => File.WriteAllText(path, TrainingTable.Of(log.Entries)));

    /// <summary>Lets another process train here.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>Reads a run.</summary>
    /// <exception cref="BadInputException">The folder holds none, or a file of it is damaged or of another run.</exception>
    public static SavedRun Read(string folder)
    {
        RequireExisting(folder);
        var log = TrainingLog.Read(System.IO.Path.Combine(folder, TrainingLog.FileName));
        foreach (var name in Resumed)
        {
            var path = System.IO.Path.Combine(folder, name);
            if (FileHash.Sha256(path) != log.Files.GetValueOrDefault(name))
                throw new BadInputException(path, "it is not the file that this run wrote", "use the folder as it was written");
        }

        using var checkpoint = Checkpoint.Open(System.IO.Path.Combine(folder, Model));
        var config = checkpoint.Config with
        {
            Reading = new PartialReading(log.Options.Reading).Resolve(checkpoint.SavedReading, checkpoint.Path),
        };
        var shapes = AsymDec.ParameterShapes(config);
        var weights = checkpoint.LoadWeights(shapes);
        using var best = Checkpoint.Open(System.IO.Path.Combine(folder, BestModel));
        using var moments = SafetensorsFile.Open(System.IO.Path.Combine(folder, Optimizer));
        // At the beginning there are none.
        var none = log.Step == 0 && !moments.Entries.Any();
        var state = new TrainingState(log.Step, weights, Moments(First), Moments(Second));
        if (log.Step < 0 || log.Step > log.Options.Steps)
        {
            throw new BadInputException(folder, $"step {log.Step} is not within 0 to {log.Options.Steps}",
                "use the folder as it was written");
        }

        return new(log, config, state, best.LoadWeights(shapes));

        Dictionary<string, WeightTensor> Moments(string prefix) => none ? [] : shapes.ToDictionary(entry => entry.Key, entry =>
        {
            var (name, shape) = (prefix + entry.Key, entry.Value);
            if (moments.Entries.All(e => e.Name != name) || !moments.Entry(name).Shape.SequenceEqual(shape.Select(length => (long)length)))
            {
                throw new BadInputException(moments.Path, $"it has no {name} of the shape [{string.Join(", ", shape)}]",
                    "use the folder as it was written");
            }

            return new WeightTensor(entry.Key, [.. shape], moments.ReadFloat32(name));
        });
    }

    private static TrainingFolder Take(string path, Action check)
    {
        // Refuses what no run can be written to, and removes what a killed process left.
        using (new FolderTransaction(path, Kind)) check();
        var taken = FolderLock.TryTake(path)
            ?? throw new BadInputException(path, "another process trains in it", "wait for its end, or name another folder");
        try
        {
            // Once more: whoever had it may have written meanwhile.
            check();
            return new(path, taken);
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    private static void RequireExisting(string folder)
    {
        if (!Directory.Exists(folder))
            throw new BadInputException(folder, "no such folder", "name a folder that holozero-export train wrote");
    }

    private static string KeptModel(long step) => FormattableString.Invariant($"step-{step:D9}.safetensors");

    private void TryTable(Action<string> write)
    {
        try
        {
            var path = System.IO.Path.Combine(Path, Table);
            if (File.Exists(path)) write(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next save writes it anew, or says why it cannot.
        }
    }
}
