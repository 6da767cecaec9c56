using HoloZero.Artifacts;
using HoloZero.Fuzz.Mutation;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;

namespace HoloZero.Fuzz.Targets;

/// <summary>The readers of JSON: an artifact's manifest, a network's configuration.</summary>
internal static class JsonTargets
{
    private const long MostAllocated = 64 << 20;

    // The shapes of a network's parameters come of running it over shapes: 150 kB a layer, and it may have 1,024 of them.
    private const long MostAllocatedForShapes = 256 << 20;

    // A network of this many weights is drawn in no time; a larger one is sound as well, and takes what it takes.
    private const long MostWeights = 1 << 20;

    /// <param name="seeds">Sound manifests.</param>
    public static FuzzTarget Manifest(IReadOnlyList<byte[]> seeds) => new()
    {
        Name = "manifest",
        Seeds = seeds,
        Mutate = JsonMutator.Mutate,
        MostAllocated = MostAllocated,
        Read = (folder, input, attempts) =>
        {
            File.WriteAllBytes(Path.Combine(folder, ArtifactManifest.FileName), input);
            attempts.Try(() =>
            {
                var artifact = ArtifactFolder.OpenUnverified(folder);
                attempts.Try(() => ArtifactFolder.Open(folder));
                attempts.Try(() => artifact.Variant(null));
                attempts.Try(() => artifact.Variant("there is none of this name"));
                foreach (var variant in artifact.Manifest.Variants) attempts.Try(() => artifact.VerifyHashes(variant));
                // What was read can be written, and read again.
                File.WriteAllText(Path.Combine(folder, ArtifactManifest.FileName), artifact.Manifest.ToJson());
                if (ArtifactManifest.Read(Path.Combine(folder, ArtifactManifest.FileName)).ToJson() != artifact.Manifest.ToJson())
                    throw new InvalidOperationException("a manifest is another one when it is written and read again");
            });
        },
    };

    /// <param name="seeds">Sound configurations.</param>
    public static FuzzTarget Configuration(IReadOnlyList<byte[]> seeds) => new()
    {
        Name = "configuration",
        Seeds = seeds,
        Mutate = JsonMutator.Mutate,
        MostAllocated = MostAllocatedForShapes,
        Read = (folder, input, attempts) =>
        {
            var path = Path.Combine(folder, "configuration.json");
            File.WriteAllBytes(path, input);
            attempts.Try(() => ConfigurationFile.Read(path));
            attempts.Try(() =>
            {
                var weights = RandomWeights.Open(path, 1);
                var shapes = AsymDec.ParameterShapes(weights.Config);
                if (shapes.Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b)) <= MostWeights) weights.LoadWeights(shapes);
            });
        },
    };
}
