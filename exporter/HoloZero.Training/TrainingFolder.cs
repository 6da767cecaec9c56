using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>
/// What a run leaves: <c>model.safetensors</c> and <c>model.pt</c> with the same weights, <c>optimizer.safetensors</c> with the moments,
/// and <c>training.json</c>. Written whole or not at all, so the files always belong to one step. Stateless and thread-safe.
/// </summary>
public static class TrainingFolder
{
    private const string Model = "model.safetensors", PyTorchModel = "model.pt", Optimizer = "optimizer.safetensors";
    private const string First = "exp_avg.", Second = "exp_avg_sq.";

    private static FolderKind Kind { get; } = new("a training run", TrainingLog.FileName, path =>
    {
        TrainingLog.Read(path);
        return [Model, PyTorchModel, Optimizer];
    });

    /// <summary>Refuses a folder that no run can be written to, before the work for it is done.</summary>
    /// <exception cref="BadInputException">It holds something else, or cannot be written.</exception>
    public static void RequireWritable(string folder) => new FolderTransaction(folder, Kind).Dispose();

    /// <summary>Writes a run, replacing an older one.</summary>
    /// <exception cref="BadInputException">The folder holds something else, or cannot be written.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static void Write(string folder, TrainingLog log, AsymDecConfig config, TrainingState state)
    {
        using var output = new FolderTransaction(folder, Kind);
        CheckpointWriter.WriteSafetensors(Path.Combine(output.Staging, Model), config, state.Weights);
        CheckpointWriter.WritePyTorch(Path.Combine(output.Staging, PyTorchModel), config, state.Weights);
        var moments = new SafetensorsWriter();
        Add(First, state.FirstMoments);
        Add(Second, state.SecondMoments);
        moments.Write(Path.Combine(output.Staging, Optimizer));
        OutputFile.Write(Path.Combine(output.Staging, TrainingLog.FileName), stream =>
            stream.Write(System.Text.Encoding.UTF8.GetBytes(log.ToJson())));
        output.Commit();

        void Add(string prefix, IReadOnlyDictionary<string, WeightTensor> tensors)
        {
            foreach (var (name, tensor) in tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                moments.Add(prefix + name, [.. tensor.Shape.Select(length => (long)length)], tensor.Data);
        }
    }

    /// <summary>Reads a run.</summary>
    /// <exception cref="BadInputException">The folder holds none, or a file of it is damaged or of another run.</exception>
    public static (TrainingLog Log, AsymDecConfig Config, TrainingState State) Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new BadInputException(folder, "no such folder", "name a folder that holozero-export train wrote");
        var log = TrainingLog.Read(Path.Combine(folder, TrainingLog.FileName));
        using var checkpoint = Checkpoint.Open(Path.Combine(folder, Model));
        var config = checkpoint.Config with { Reading = log.Options.Reading };
        var shapes = AsymDec.ParameterShapes(config);
        var weights = checkpoint.LoadWeights(shapes);
        using var moments = SafetensorsFile.Open(Path.Combine(folder, Optimizer));
        var state = new TrainingState(log.Step, weights, Moments(First), Moments(Second));
        if (log.Step < 0 || log.Step > log.Options.Steps)
        {
            throw new BadInputException(folder, $"step {log.Step} is not within 0 to {log.Options.Steps}",
                "use the folder as it was written");
        }

        return (log, config, state);

        Dictionary<string, WeightTensor> Moments(string prefix) => shapes.ToDictionary(entry => entry.Key, entry =>
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
}
