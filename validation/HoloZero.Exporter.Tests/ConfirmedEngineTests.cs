using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;
using HoloZero.Testing;

namespace HoloZero.Exporter.Tests;

/// <summary>Two engines for the self-check: both are named, and nothing is written where they disagree.</summary>
public sealed class ConfirmedEngineTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Engines_that_agree_are_both_in_the_manifest_and_the_first_ones_logits_are_stored()
    {
        var manifest = Export(new ConfirmedEngine(new Shifted(1e-10), new ReferenceEngine()));
        Assert.Equal(["shifted", "HoloZero.Reference float64"], manifest.Golden.Engines);
        using var golden = SafetensorsFile.Open(_temporary["out", "golden.safetensors"]);
        Assert.NotEqual(new ReferenceEngine().Logits(Config, Weights, [], [0x41], default), golden.ReadFloat64("one.logits"));
    }

    [Theory]
    [InlineData(1e-7)]
    [InlineData(double.NaN)]
    public void Engines_that_disagree_are_named_with_both_values_and_nothing_is_written(double shift)
    {
        var engine = new ConfirmedEngine(new Shifted(shift), new ReferenceEngine());
        var exception = Assert.Throws<UnsoundModelException>(() => Export(engine));
        Assert.Contains("shifted", exception.Message);
        Assert.Contains("HoloZero.Reference float64", exception.Message);
        Assert.Contains("[0, 257]", exception.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void One_engine_names_itself() => Assert.Equal(["HoloZero.Reference float64"], Export(new ReferenceEngine()).Golden.Engines);

    private static AsymDecConfig Config => GoldenSuite.Tiny.Load().Config;

    private static IReadOnlyDictionary<string, WeightTensor> Weights => GoldenSuite.Tiny.Load().Weights;

    private ArtifactManifest Export(IReferenceEngine engine)
    {
        using var checkpoint = Checkpoint.Open(GoldenSuite.Tiny.CheckpointPath);
        return ArtifactExporter.Export(checkpoint, _temporary["out"], new(), engine);
    }

    /// <summary>The reference with the last logit of the first row shifted.</summary>
    private sealed class Shifted(double shift) : IReferenceEngine
    {
        private readonly ReferenceEngine _reference = new();

        public string Name => "shifted";

        public double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream,
            CancellationToken cancellation)
        {
            double[] logits = [.. _reference.Logits(config, weights, prefix, stream, cancellation)];
            logits[AsymDecConfig.Vocabulary - 1] += shift;
            return logits;
        }
    }
}
