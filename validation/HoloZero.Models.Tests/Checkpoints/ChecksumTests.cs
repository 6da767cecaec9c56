using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

public class ChecksumTests
{
    private const int Seeds = 300;

    [Fact]
    public void A_damaged_checkpoint_is_refused_or_gives_the_weights_that_were_saved()
    {
        var sound = File.ReadAllBytes(Repository.Golden("tiny.pt"));
        var saved = Load(Repository.Golden("tiny.pt"));
        using var file = new CheckpointFile();
        var refused = 0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var damaged = (byte[])sound.Clone();
            var block = seed % 2 == 0 ? 1 : random.Next(2, 4096);
            for (int at = random.Next(sound.Length - block), end = at + block; at < end; at++) damaged[at] ^= (byte)random.Next(1, 256);
            File.WriteAllBytes(file.Path, damaged);
            try
            {
                Assert.Equal(saved, Load(file.Path));
            }
            catch (BadInputException e)
            {
                refused++;
                Assert.StartsWith($"{file.Path}: ", e.Message);
            }
        }

        Assert.InRange(refused, Seeds / 2, Seeds);
    }

    [Theory]
    [InlineData("archive/data/0", "'data/0'")]
    [InlineData("archive/data.pkl", "'data.pkl'")]
    public void The_damaged_record_is_named(string record, string named)
    {
        var pickle = PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1]))], ("note", p => p.Text("sound")));
        var zip = CheckpointFile.Zip([("archive/data.pkl", pickle), ("archive/data/0", CheckpointFile.Floats(1.5f, 2.5f))]);
        var at = record.EndsWith(".pkl", StringComparison.Ordinal) ? zip.AsSpan().IndexOf("sound"u8)
            : zip.AsSpan().IndexOf(BitConverter.GetBytes(2.5f));
        zip[at] ^= 1;
        using var file = new CheckpointFile(zip);
        var message = file.Refusal(("w", [2]));
        Assert.Contains($"its record {named} has CRC-32 ", message);
        Assert.Contains("it is damaged", message);
    }

    [Fact]
    public void The_part_of_a_record_that_no_tensor_touches_counts()
    {
        var pickle = PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 6, 1, [2], [1]))]);
        foreach (var element in (float[])[10, 12, 15])
        {
            var zip = CheckpointFile.Zip([("x/data.pkl", pickle), ("x/data/0", CheckpointFile.Floats(10, 11, 12, 13, 14, 15))]);
            using (var sound = new CheckpointFile(zip)) Assert.Equal([11, 12], sound.Load(("w", [2]))["w"].Data);
            zip[zip.AsSpan().IndexOf(BitConverter.GetBytes(element))] ^= 1;
            using var file = new CheckpointFile(zip);
            Assert.Contains("'data/0' has CRC-32", file.Refusal(("w", [2])));
        }
    }

    [Fact]
    public void A_deflated_record_is_checked_too()
    {
        var pickle = PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1]))]);
        var zip = CheckpointFile.Zip([("x/data.pkl", pickle), ("x/data/0", new byte[64])], System.IO.Compression.CompressionLevel.Optimal);
        // The checksum in the directory, the last place that names the record.
        var directory = zip.AsSpan().LastIndexOf("x/data/0"u8) - 46;
        zip[directory + 16] ^= 1;
        using var file = new CheckpointFile(zip);
        Assert.Contains("'data/0' has CRC-32", file.Refusal(("w", [2])));
    }

    [Fact]
    public void One_checksum_of_zero_among_others_is_not_taken_for_none()
    {
        var pickle = PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1]))]);
        var zip = CheckpointFile.Zip([("x/data.pkl", pickle), ("x/data/0", CheckpointFile.Floats(1, 2))]);
        zip.AsSpan(zip.AsSpan().LastIndexOf("x/data/0"u8) - 46 + 16, 4).Clear();
        using var file = new CheckpointFile(zip);
        Assert.Contains("'data/0' has CRC-32", file.Refusal(("w", [2])));
    }

    [Fact]
    public void A_hash_that_is_given_must_be_the_files()
    {
        var path = Repository.Golden("tiny.safetensors");
        var hash = FileHash.Sha256(path);
        foreach (var given in (string[])[hash, hash.ToUpperInvariant()])
        {
            using var checkpoint = Checkpoint.Open(path, given);
            Assert.Equal(hash, checkpoint.Sha256());
        }

        var other = hash[..^1] + (hash[^1] == '0' ? '1' : '0');
        var message = Assert.Throws<BadInputException>(() => Checkpoint.Open(path, other)).Message;
        Assert.Contains($"its SHA-256 is {hash}, not {other}", message);
        foreach (var bad in (string[])["", "12", hash + "0", new string('g', 64)])
            Assert.StartsWith("sha256: ", Assert.Throws<BadInputException>(() => Checkpoint.Open(path, bad)).Message);
    }

    [Theory]
    [InlineData(2e12f)]
    [InlineData(-1e30f)]
    public void A_weight_that_no_training_gives_is_refused(float giant)
    {
        var pickle = PickleWriter.Checkpoint([("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1]))]);
        using var file = new CheckpointFile(pickle, ("0", CheckpointFile.Floats(1, giant)));
        Assert.Contains("at [1], more than any training gives", file.Refusal(("w", [2])));
        using var large = new CheckpointFile(pickle, ("0", CheckpointFile.Floats(1, -1e12f)));
        Assert.Equal([1, -1e12f], large.Load(("w", [2]))["w"].Data);
    }

    private static float[] Load(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        return [.. checkpoint.LoadWeights(Tiny.Shapes()).OrderBy(weight => weight.Key, StringComparer.Ordinal)
            .SelectMany(weight => weight.Value.Data)];
    }
}
