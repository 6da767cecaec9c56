using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Mutants.Tests.Faults;

namespace HoloZero.Mutants.Tests;

/// <summary>An artifact with exactly one thing wrong, that loads and runs all the same.</summary>
/// <param name="Name">Its name in the results.</param>
/// <param name="Fault">What is wrong.</param>
/// <param name="ExpectedChecks">The checks whose business it is: at least one of them has to fail.</param>
/// <param name="Plant">Puts the fault in.</param>
internal sealed record Mutant(string Name, string Fault, string[] ExpectedChecks, Plant Plant)
{
    /// <summary>The sound model that the fault is planted in.</summary>
    public SoundModel Model { get; init; } = SoundModel.Tiny;

    /// <summary>The variant that it is planted in, one of <see cref="Plant.Of"/>.</summary>
    public string Variant { get; init; } = GraphVariant.Portable.Name;
}

/// <summary>One of the three places where a fault can be planted: the recording, the weights, the finished folder.</summary>
internal sealed record Plant
{
    /// <summary>Nothing is wrong.</summary>
    public static Plant Nothing { get; } = new();

    /// <summary>Makes the faulty operations; null records with the exporter's own.</summary>
    public Func<AsymDecConfig, FaultyOps>? Operations { get; private init; }

    /// <summary>The weight of a name, given the sound ones.</summary>
    public Func<string, Func<string, float[]>, float[]> Weights { get; private init; } = (name, sound) => sound(name);

    /// <summary>Edits the exported folder.</summary>
    public Action<string> Folder { get; private init; } = _ => { };

    /// <summary>An operation done wrongly.</summary>
    public static Plant InOperations(Func<AsymDecConfig, FaultyOps> fault) => new() { Operations = fault };

    /// <summary>Weights read wrongly.</summary>
    public static Plant InWeights(Func<string, Func<string, float[]>, float[]> fault) => new() { Weights = fault };

    /// <summary>A folder edited afterwards.</summary>
    public static Plant InFolder(Action<string> fault) => new() { Folder = fault };

    /// <summary>Behind the name of a variant: with keys and values in 8 bits.</summary>
    public const string Int8Cache = " with int8 cache";

    /// <summary>The variant of that name with the fault recorded into it.</summary>
    public GraphVariant Of(string name, AsymDecConfig config)
    {
        var sound = name.EndsWith(Int8Cache, StringComparison.Ordinal) ? GraphVariant.Named(name[..^Int8Cache.Length]).WithInt8Cache!
            : GraphVariant.Named(name);
        return sound with { Interpreter = (graph, data, ranges) => Record(sound, config, graph, name => Weights(name, data), ranges) };
    }

    private ITensorOps<GraphValue> Record(GraphVariant variant, AsymDecConfig config, GraphRecorder graph, Func<string, float[]> data,
        Func<string, ActivationRange> ranges)
    {
        var sound = variant.Interpreter(graph, data, ranges);
        return Operations is null ? sound : Operations(config).Over(sound, graph);
    }
}
