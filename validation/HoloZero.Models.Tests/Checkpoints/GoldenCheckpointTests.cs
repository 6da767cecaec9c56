using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

public class GoldenCheckpointTests
{
    [Theory]
    [InlineData("tiny.pt", "pytorch-zip")]
    [InlineData("tiny-torch2.pt", "pytorch-zip")]
    [InlineData("tiny-prefixed.pt", "pytorch-zip")]
    [InlineData("tiny.safetensors", "safetensors")]
    public void Every_container_gives_the_same_weights_bit_for_bit(string name, string format) =>
        AssertTwin(name, format, TensorType.Float32, value => value);

    [Fact]
    public void Float16_is_widened_exactly() => AssertTwin("tiny-fp16.pt", "pytorch-zip", TensorType.Float16, value => (float)(Half)value);

    [Fact]
    public void BFloat16_is_widened_exactly() => AssertTwin("tiny-bf16.pt", "pytorch-zip", TensorType.BFloat16, RoundToBFloat16);

    [Fact]
    public void The_demo_checkpoint_opens()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Repository.Root, "models", "demo", "demo.pt"));
        Assert.Equal(new AsymDecConfig(256, 3, 4, 8), checkpoint.Config);
        var weights = checkpoint.LoadWeights(checkpoint.Tensors.ToDictionary(t => t.Name, t => t.Shape.Select(d => (int)d).ToArray()));
        Assert.Equal(61, weights.Count);
        Assert.Equal([258, 256], weights["head.weight"].Shape);
    }

    [Fact]
    public void The_hash_is_of_the_file()
    {
        var path = Repository.Golden("tiny.pt");
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
        using var checkpoint = Checkpoint.Open(path);
        Assert.Equal(expected, checkpoint.Sha256());
        Assert.Equal(expected, FileHash.Sha256(path));
    }

    [Theory]
    [InlineData("big-endian.pt", "byte order 'big'")]
    [InlineData("empty.pt", "the file is empty")]
    [InlineData("huge-header.safetensors", "header claims 9223372036854775807 bytes, but the file has 200")]
    [InlineData("learned-door.pt", "its door is 'learned'")]
    [InlineData("legacy-format.pt", "before 1.6 or with _use_new_zipfile_serialization=False")]
    [InlineData("missing-tensor.pt", "1 missing: '")]
    [InlineData("nan-weight.pt", "'norm.weight' is NaN at [3]")]
    [InlineData("no-config.pt", "it has no cfg, only 'model'")]
    [InlineData("overlapping.safetensors", "'self_blocks.0.norm1.weight'")]
    [InlineData("runs-code.pt", "'posix.system'")]
    [InlineData("slot-too-wide.pt", "K is ")]
    [InlineData("text.pt", "neither a PyTorch checkpoint nor a safetensors file")]
    [InlineData("truncated.pt", "zip directory is damaged")]
    [InlineData("unexpected-tensor.pt", "1 unexpected: ")]
    [InlineData("wrong-shape.pt", "'head.weight' has the shape ")]
    public void A_bad_file_is_refused_with_its_name_and_the_cause(string name, string cause)
    {
        var path = Repository.Golden("bad", name);
        var error = Assert.Throws<BadInputException>(() =>
        {
            using var checkpoint = Checkpoint.Open(path);
            checkpoint.LoadWeights(Tiny.Shapes());
        });
        Assert.StartsWith($"{path}: ", error.Message);
        Assert.Contains(cause, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Every_bad_file_is_tested()
    {
        var tested = typeof(GoldenCheckpointTests).GetMethod(nameof(A_bad_file_is_refused_with_its_name_and_the_cause))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(a => (string)a.Data[0]!);
        Assert.Equal(Directory.GetFiles(Repository.Golden("bad")).Select(Path.GetFileName).Order(), tested.Order());
    }

    [Fact]
    public void A_missing_file_is_refused() =>
        Assert.Contains("no such file", Assert.Throws<BadInputException>(() => Checkpoint.Open(Repository.Golden("nowhere.pt"))).Message);

    [Fact]
    public void A_folder_is_refused() =>
        Assert.Contains("a directory", Assert.Throws<BadInputException>(() => Checkpoint.Open(Repository.Golden("bad"))).Message);

    [Fact]
    public void An_empty_path_is_refused() => Assert.Throws<BadInputException>(() => Checkpoint.Open(""));

    [Fact]
    public void A_file_without_permission_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "root and Windows do not mind the mode bits");
        using var file = new CheckpointFile("PK"u8.ToArray());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file.Path, UnixFileMode.None);
        Assert.Contains("permission", file.Refusal());
    }

    private static void AssertTwin(string name, string format, TensorType type, Func<float, float> rounded)
    {
        using var twin = SafetensorsFile.Open(Repository.Golden("tiny.safetensors"));
        using var checkpoint = Checkpoint.Open(Repository.Golden(name));
        Assert.Equal(format, checkpoint.Format);
        Assert.Equal(new AsymDecConfig(64, 2, 4, 2), checkpoint.Config);
        Assert.All(checkpoint.Tensors, t => Assert.Equal(type, t.Type));
        var weights = checkpoint.LoadWeights(Tiny.Shapes());
        Assert.Equal(twin.Entries.Select(e => e.Name).Order(), weights.Keys.Order());
        Assert.All(weights.Values, weight =>
        {
            Assert.Equal(Tiny.Shapes()[weight.Name], weight.Shape);
            Assert.Equal(Bits(twin.ReadFloat32(weight.Name).Select(rounded)), Bits(weight.Data));
        });
    }

    private static int[] Bits(IEnumerable<float> values) => [.. values.Select(BitConverter.SingleToInt32Bits)];

    // Independent of the code under test: the nearest of the two neighbours by distance, the even one on a tie.
    private static float RoundToBFloat16(float value)
    {
        var below = BitConverter.SingleToUInt32Bits(value) & 0xffff0000;
        var above = below + 0x10000;
        var (toBelow, toAbove) = (Distance(below), Distance(above));
        return BitConverter.UInt32BitsToSingle(toBelow < toAbove || (toBelow == toAbove && (below & 0x10000) == 0) ? below : above);

        double Distance(uint bits) => Math.Abs((double)BitConverter.UInt32BitsToSingle(bits) - value);
    }
}
