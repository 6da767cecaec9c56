using HoloZero.Artifacts;
using HoloZero.Onnx;

namespace HoloZero.Validation.Tests;

public class DamagedArtifactTests
{
    [Fact]
    public void A_hash_of_the_manifest_that_does_not_agree_fails_hashes_and_nothing_else()
    {
        using var artifact = new TinyArtifact();
        artifact.EditManifest(json => json["files"]!["model.portable.onnx"]!["sha256"] = new string('0', 64));

        var report = artifact.Validate();

        Assert.Equal("hashes", report.Failed());
        var miss = Assert.Single(report.Misses(CheckNames.Hashes));
        Assert.Equal(("model.portable.onnx", new string('0', 64)), (miss.Position, miss.Expected));
        Assert.Equal(FileHash.Sha256(artifact["model.portable.onnx"]), miss.Actual);
    }

    [Fact]
    public void One_weight_of_the_head_shows_at_its_column_in_every_row()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("head.bias", 5, value => value + 0.01f);

        var report = artifact.Validate();

        Assert.Equal("bits-per-byte logits logits-stepwise reference runtime", report.Failed());
        var elements = report.Misses(CheckNames.Logits, "long_half").Where(miss => miss.Position.Contains("logits[")).ToArray();
        Assert.Equal(Enumerable.Range(0, 103).Select(row => $"long_half logits[{row}, 5]"), elements.Select(miss => miss.Position));
        Assert.All(elements, miss => Assert.Equal(0.01, double.Parse(miss.Actual) - double.Parse(miss.Expected), 1e-5));
    }

    [Fact]
    public void A_weight_that_is_not_the_checkpoints_is_found_without_goldens()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("self_blocks.1.qkv.weight.T", 77, value => value + 0.001f);

        Assert.Equal("reference", ArtifactValidator.Validate(artifact.Folder, goldenFolder: null, new() { AllTriples = false }).Failed());
    }

    [Fact]
    public void A_wrong_block_is_found_where_it_is()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("self_blocks.1.ff.3.bias", 3, value => value + 0.01f);

        var report = artifact.Validate();

        Assert.Equal(["self_blocks.1", "mem_blocks.1"],
            report.Checks.Where(check => check is { Check: CheckNames.Trace, Passed: false }).Select(check => check.Subject));
        Assert.All(report.Misses(CheckNames.Trace, "self_blocks.1"), miss => Assert.EndsWith(", 3]", miss.Position));
        Assert.Contains(report.Misses(CheckNames.Trace, "self_blocks.1"), miss => miss.Position == "korean_serve self_blocks.1[14, 3]");
    }

    [Fact]
    public void A_wrong_value_of_the_table_is_named_with_both_values()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("door/value_table", 0x41 * 18 + 9, value => value + 1e-6f);

        var report = artifact.Validate();

        var miss = Assert.Single(report.Misses(CheckNames.ValueTable));
        Assert.Equal("door/value_table[65, 9]", miss.Position);
        Assert.NotEqual(miss.Actual, miss.Expected);
        Assert.Contains(CheckNames.Trace, report.Failed());
        Assert.All(report.Misses(CheckNames.Trace, "door"), m => Assert.Contains("door[", m.Position));
    }

    [Fact]
    public void A_second_table_is_one_too_many()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit(model =>
        {
            var copy = model.Graph.Initializer.Single(tensor => tensor.Name == "door/value_table").Clone();
            copy.Name = "decoy";
            model.Graph.Initializer.Add(copy);
        });

        Assert.Contains(artifact.Validate().Misses(CheckNames.ValueTable), miss => miss.Expected == "exactly one");
    }

    [Fact]
    public void Wrong_rotations_show_in_keys_but_not_in_values_of_the_first_layer()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("positions/rope_frequencies", 1, value => value * 1.01f);

        var report = artifact.Validate();

        var wrong = report.Checks.Where(check => check is { Check: CheckNames.State, Passed: false })
            .Select(check => check.Subject).ToArray();
        Assert.Contains("self_blocks.0.k", wrong);
        Assert.DoesNotContain("self_blocks.0.v", wrong);
        Assert.DoesNotContain("position", wrong);
        Assert.DoesNotContain(CheckNames.Reference, report.Failed());
    }

    [Fact]
    public void A_wrong_epsilon_is_found()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit(model =>
            model.Graph.Node.Last(node => node.OpType == "LayerNormalization").Attribute.Single(a => a.Name == "epsilon").F = 1e-4f);

        Assert.Contains(CheckNames.Logits, artifact.Validate().Failed());
    }

    [Fact]
    public void A_graph_that_prefers_another_byte_is_wrong_at_every_step_of_every_continuation()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("head.bias", 0x21, value => value + 100);

        var report = artifact.Validate();

        Assert.Equal(12 * 48, report.Misses(CheckNames.Greedy).Count);
        Assert.All(report.Misses(CheckNames.Greedy), miss => Assert.Equal("0x21 '!'", miss.Actual));
        Assert.Contains("bits-per-byte", report.Failed());
    }

    [Fact]
    public void What_is_not_a_number_is_a_miss()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("head.bias", 7, _ => float.NaN);

        var misses = artifact.Validate().Misses(CheckNames.Logits, "one_serve");

        Assert.Contains(misses, miss => miss is { Position: "one_serve logits[0, 7]", Actual: "NaN" });
    }

    [Fact]
    public void A_foreign_operator_and_a_foreign_opset_fail_the_structure()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit(model =>
        {
            model.Graph.Node[3].Domain = "com.microsoft";
            model.OpsetImport.Single().Version = 18;
        });

        var misses = artifact.Validate().Misses(CheckNames.Structure);

        Assert.Contains(misses, miss => miss.Actual.StartsWith("com.microsoft."));
        Assert.Contains(misses, miss => miss is { Position: "opset of ''", Actual: "18" });
    }

    [Fact]
    public void An_input_of_features_is_one_too_many()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit(model =>
        {
            var features = model.Graph.Input[0].Clone();
            features.Name = "features";
            features.Type.TensorType.ElemType = TensorProto.Types.DataType.Float;
            model.Graph.Input.Add(features);
        });

        var report = artifact.Validate();

        Assert.Contains(report.Misses(CheckNames.Signature),
            miss => miss.Position.Contains("'features'") && miss.Expected == "nothing of that name");
    }

    [Fact]
    public void A_manifest_with_other_types_or_shapes_fails_the_signature()
    {
        using var artifact = new TinyArtifact();
        artifact.EditManifest(json =>
        {
            var signature = json["variants"]![0]!["signature"]!;
            signature["prefix"]!["type"] = "int64";
            signature["state"]![2]!["past"]!["shape"]![3] = 17;
        });

        var misses = artifact.Validate().Misses(CheckNames.Signature);

        Assert.Contains(misses, miss => miss.Position.Contains("'prefix'"));
        Assert.Contains(misses, miss => miss.Position.Contains("'past.self_blocks.0.k'"));
    }

    [Fact]
    public void A_configuration_that_contradicts_the_artifact_is_the_artifacts_fault()
    {
        using var artifact = new TinyArtifact();
        artifact.EditManifest(json => json["model"]!["slot_bytes"] = 1);

        var report = artifact.Validate();

        Assert.Contains(CheckNames.Structure, report.Failed());
        Assert.Contains(report.NotChecked, item => item.Reason.Contains("configuration"));
    }

    [Fact]
    public void A_configuration_that_is_none_fails_the_structure()
    {
        using var artifact = new TinyArtifact();
        artifact.EditManifest(json => json["model"]!["heads"] = 0);

        Assert.Equal("structure", artifact.Validate().Failed());
    }

    [Fact]
    public void A_graph_that_is_garbage_or_gone_fails_instead_of_crashing()
    {
        using var artifact = new TinyArtifact();
        File.WriteAllBytes(artifact["model.portable.onnx"], [.. Enumerable.Repeat((byte)0xff, 100)]);
        artifact.Rehash("model.portable.onnx");
        var garbage = artifact.Validate();
        File.Delete(artifact["model.portable.onnx"]);
        var gone = artifact.Validate();

        // Its hash is as listed; that it is no graph at all is told where files are looked at.
        Assert.Equal("hashes reference structure", garbage.Failed());
        Assert.Equal("no ONNX model", Assert.Single(garbage.Misses(CheckNames.Hashes)).Actual);
        Assert.Equal("hashes reference structure", gone.Failed());
        Assert.Contains(gone.NotChecked, item => item.Subject == "portable");
    }

    [Fact]
    public void A_graph_that_the_runtime_refuses_fails_with_its_words()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit(model => model.Graph.Node.First(node => node.OpType == "MatMul").OpType = "NoSuchOperator");

        var report = artifact.Validate();

        Assert.Contains(report.Misses(CheckNames.Structure), miss => miss.Actual.Contains("NoSuchOperator"));
        Assert.False(report.Passed);
    }

    [Fact]
    public void A_manifest_that_names_no_blocks_cannot_pass()
    {
        using var artifact = new TinyArtifact();
        artifact.EditManifest(json => json["variants"]![0]!.AsObject().Remove("trace"));

        Assert.Equal("front-door trace", artifact.Validate().Failed());
    }

    [Fact]
    public void Damaged_prompts_of_the_artifact_fail_the_structure()
    {
        using var artifact = new TinyArtifact();
        File.WriteAllBytes(artifact["golden.safetensors"], File.ReadAllBytes(artifact["golden.safetensors"])[..1000]);
        artifact.Rehash("golden.safetensors");

        Assert.Equal("structure", artifact.Validate().Failed());
    }

    [Fact]
    public void An_unreadable_manifest_and_an_unknown_variant_are_bad_input()
    {
        using var artifact = new TinyArtifact();
        Assert.Throws<BadInputException>(() => ArtifactValidator.Validate(artifact.Folder, null, new() { Variants = ["no-such-variant"] }));

        File.WriteAllText(artifact["holozero.json"], "{");
        Assert.Throws<BadInputException>(() => ArtifactValidator.Validate(artifact.Folder, null));
    }
}
