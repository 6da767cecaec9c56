using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.Testing;

namespace HoloZero.Exporter.Tests;

/// <summary>Other doors than the zero door, exported and run.</summary>
public sealed class DoorTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public static TheoryData<string> All { get; } = [.. DoorModels.All.Select(door => $"{door}")];

    public static TheoryData<string> LikeZero { get; } = [.. DoorModels.LikeZero.Keys];

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [MemberData(nameof(All))]
    public void The_runtime_agrees_with_the_reference_in_every_variant(string name)
    {
        var door = DoorModels.All.Single(door => $"{door}" == name);
        var manifest = Export(DoorModels.With(door), ExportOptions.AllVariants);
        Assert.Equal((DoorConfig.Name(door.Kind), DoorConfig.Name(door.Substrate), door.Seed),
            (manifest.Model.Door, manifest.Model.Substrate, manifest.Model.SubstrateSeed));
        Assert.Equal(door.Kind == DoorKind.Embedding, manifest.Features is null);
        foreach (var variant in ExportOptions.AllVariants)
        {
            using var model = HoloZeroModel.Load(_temporary["artifact"], new() { Variant = variant });
            Assert.All(SelfCheck.Run(model), check => Assert.True(check.Passed, $"{variant}: {check}"));
        }
    }

    [Theory]
    [MemberData(nameof(LikeZero))]
    public void What_computes_as_the_zero_door_does_gives_the_published_logits(string name)
    {
        Export(DoorModels.LikeZero[name], ["fp32", "portable"]);
        foreach (var variant in (string[])["fp32", "portable"])
        {
            using var model = HoloZeroModel.Load(_temporary["artifact"], new() { Variant = variant });
            foreach (var test in GoldenSuite.Tiny.Cases)
            {
                using var session = model.OpenSession();
                var logits = session.Prefill(test.Prefix(model.SlotBytes), test.Stream(model.SlotBytes));
                Assert.Null(TensorComparison.Mismatch<float, double>($"{name}, {variant}: {test}", logits.Data, test.Logits,
                    GoldenSuite.Tiny.Tolerance));
            }
        }
    }

    [Fact]
    public void A_slot_may_have_more_features_than_the_model_is_wide()
    {
        var config = new AsymDecConfig(64, 1, 4, 5, door: new(DoorKind.Projection));
        ArtifactExporter.Export(new RandomWeights(config, 2), _temporary["artifact"], new() { Variants = ["fp32", "portable"] },
            new ReferenceEngine());
        using var model = HoloZeroModel.Load(_temporary["artifact"]);
        Assert.All(SelfCheck.Run(model), check => Assert.True(check.Passed, $"{check}"));
    }

    private ArtifactManifest Export((AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) model,
        IReadOnlyList<string> variants)
    {
        CheckpointWriter.WriteSafetensors(_temporary["model.safetensors"], model.Config, model.Weights);
        using var checkpoint = Checkpoint.Open(_temporary["model.safetensors"]);
        return ArtifactExporter.Export(checkpoint, _temporary["artifact"], new()
        {
            Variants = variants,
            Quality = ExportedModel.AnyQuality,
            Calibration = variants.Contains("int8") ? ExportedModel.Calibration : new(),
            CheckedRows = 3,
        }, new ReferenceEngine());
    }
}
