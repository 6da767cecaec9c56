using HoloZero.Artifacts;
using HoloZero.Exporter;
using HoloZero.Models;
using HoloZero.Runtime;

namespace HoloZero.Validation.Tests;

public class SoundArtifactTests
{
    private static readonly string[] EveryCheck =
    [
        CheckNames.BitsPerByte, CheckNames.Greedy, CheckNames.Hashes, CheckNames.Logits, CheckNames.LogitsStepwise, CheckNames.Reference,
        CheckNames.Runtime, CheckNames.Signature, CheckNames.State, CheckNames.Structure, CheckNames.Trace, CheckNames.ValueTable,
    ];

    [Theory]
    [InlineData(PrefixAttention.Causal, false)]
    [InlineData(PrefixAttention.Bidirectional, false)]
    [InlineData(PrefixAttention.Causal, true)]
    public void A_sound_artifact_passes_every_check(PrefixAttention attention, bool externalData)
    {
        using var artifact = new TinyArtifact(attention, externalData);

        var report = artifact.Validate();

        Assert.Equal("", report.Failed());
        Assert.True(report.Passed);
        Assert.Superset(EveryCheck.ToHashSet(), report.Checks.Select(check => check.Check).ToHashSet());
        Assert.Contains("published PyTorch code in float64", report.Goldens);
    }

    [Theory]
    [InlineData(PrefixAttention.Causal, "fp32")]
    [InlineData(PrefixAttention.Causal, "cuda")]
    [InlineData(PrefixAttention.Bidirectional, "cuda-int8")]
    [InlineData(PrefixAttention.Causal, "cuda-int4")]
    [InlineData(PrefixAttention.Causal, "int8")]
    [InlineData(PrefixAttention.Causal, "int4")]
    [InlineData(PrefixAttention.Bidirectional, "fp32", "int8")]
    [InlineData(PrefixAttention.Causal, "int4", "portable")]
    public void Any_variants_stand_alone(PrefixAttention attention, params string[] variants)
    {
        using var artifact = new TinyArtifact(attention, externalData: false, variants);

        var report = artifact.Validate();

        Assert.Equal("", report.Failed());
        foreach (var variant in variants)
        {
            var ran = report.Checks.Where(check => check.Scope == variant || check.Scope == $"{variant} on Cpu")
                .Select(check => check.Check).ToHashSet();
            Assert.Superset(EveryCheck.Except([CheckNames.Hashes, CheckNames.Reference]).ToHashSet(), ran);
            Assert.Equal(variant != "portable", ran.Contains(CheckNames.RotaryTable));
            Assert.Equal(variant is not ("portable" or "fp32"), report.Checks.Any(check => check.Scope == $"{variant} on Cpu"
                && check is { Check: CheckNames.Rounding, Subject: "published logits" }));
        }
    }

    [Fact]
    public void A_provider_that_is_named_checks_something_or_nothing_passes()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32", "portable");
        var error = Assert.Throws<BadInputException>(() => Validate("fp32"));
        Assert.Equal("provider: Cuda runs none of the variants to check; name another provider, or leave it out for all that load",
            error.Message);
        Assert.SkipWhen(RuntimeReport.Collect().Providers.Any(provider =>
            provider is { Name: "CUDAExecutionProvider", Problem: null }), "CUDA loads here");
        Assert.Contains("execution provider Cuda does not load",
            Assert.Throws<MissingCapabilityException>(() => Validate("portable")).Message);

        ValidationReport Validate(string variant) => ArtifactValidator.Validate(artifact.Folder, goldenFolder: null,
            new() { AllTriples = false, Variants = [variant], Provider = ExecutionProvider.Cuda });
    }

    [Fact]
    public void Rounded_weights_are_held_against_the_logits_of_the_export_where_nothing_else_is_exact()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "int8");

        var report = ArtifactValidator.Validate(artifact.Folder, goldenFolder: null, new() { AllTriples = false });

        Assert.Equal("", report.Failed());
        Assert.Contains("logits that the exporter stored", report.Goldens);
        Assert.Contains(report.Checks, check => check is { Check: CheckNames.Rounding, Subject: "published logits" });
    }

    [Fact]
    public void What_rounding_costs_is_measured()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "portable", "cuda", "cuda-int8", "cuda-int4",
            "int8", "int4");

        var cost = artifact.Validate().Checks.Where(check => check is { Check: CheckNames.Rounding, Subject: "published logits" })
            .ToDictionary(check => check.Scope, check => check.Metrics["mean_kl_bits"]);

        Assert.InRange(cost["cuda on Cpu"], 1e-9, 1e-6);
        Assert.InRange(cost["cuda-int8 on Cpu"], 1e-6, 1e-4);
        Assert.InRange(cost["cuda-int4 on Cpu"], 1e-3, 1e-2);
        Assert.InRange(cost["int8 on Cpu"], 1e-5, 1e-3);
        Assert.InRange(cost["int4 on Cpu"], 1e-3, 1e-2);
    }

    [Fact]
    public void Errors_are_measured_and_within_the_promise()
    {
        using var artifact = new TinyArtifact();

        var logits = artifact.Validate().Checks.Where(check => check.Check is CheckNames.Logits or CheckNames.LogitsStepwise).ToArray();

        Assert.All(logits, check => Assert.InRange(check.Metrics["max_abs"], 1e-9, 1e-5));
        Assert.All(logits, check => Assert.InRange(check.Worst!.Share, 1e-6, 1));
        Assert.All(logits, check => Assert.Equal(1, check.Metrics["top1_agreement"]));
    }

    [Fact]
    public void No_golden_logit_of_the_repository_may_be_off_by_more_than_the_promise()
    {
        // 1e-5 for tiny, 1e-4 for the demo: the limits scale with the logits, and must be at least that strict for these.
        var tiny = Tolerances.For("float32", new(64, 2, 4, 2));
        var demo = Tolerances.For("float32", new(256, 3, 4, 8));

        Assert.All(Testing.GoldenSuite.Tiny.Cases.Concat(Testing.GoldenSuite.TinyBidirectional.Cases),
            test => Assert.InRange(tiny.Logits(test.Logits.Max(Math.Abs)), 1e-7, 1e-5));
        Assert.All(Testing.GoldenSuite.Demo.Cases, test => Assert.InRange(demo.Logits(test.Logits.Max(Math.Abs)), 1e-6, 1e-4));
    }

    [Theory]
    [InlineData(64, 2)]
    [InlineData(256, 3)]
    public void What_the_exporter_allows_is_what_validation_allows(int dim, int layers)
    {
        foreach (var variant in GraphVariant.All)
        {
            var tolerances = Tolerances.For(variant.Precision, new(dim, layers, 4, 2));
            Assert.InRange(variant.LogitsTolerance, tolerances.LogitsPerUnit, tolerances.StatedLogitsPerUnit);
            if (variant.Precision != "float32") Assert.Equal(tolerances.Rounding.LogitsPerUnit, variant.LogitsTolerance);
        }
    }

    [Fact]
    public void Without_goldens_the_reference_stands_in_and_the_report_says_so()
    {
        using var artifact = new TinyArtifact();

        var report = ArtifactValidator.Validate(artifact.Folder, goldenFolder: null, new() { AllTriples = false });

        Assert.Equal("", report.Failed());
        Assert.Contains("reference", report.Goldens);
        Assert.Contains("no goldens were given", report.Goldens);
        Assert.Contains(report.Checks, check => check.Check == CheckNames.State);
    }

    [Fact]
    public void Providers_that_do_not_run_are_named_with_their_reason()
    {
        using var artifact = new TinyArtifact();

        var report = artifact.Validate();
        var ran = report.Checks.Select(check => check.Scope).ToHashSet();

        Assert.Contains("portable on Cpu", ran);
        Assert.All(report.NotChecked, item => Assert.NotEmpty(item.Reason));
        Assert.True(ran.Contains("portable on Cuda") || report.NotChecked.Any(item => item.Subject.Contains("CUDA"))
            || report.Environment!.Providers.All(provider => !provider.Name.Contains("CUDA")));
    }
}
