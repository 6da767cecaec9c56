using System.Diagnostics;
using System.IO.Compression;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>Damaged files, by the thousand: each is either read or refused in words, soon and in little memory.</summary>
public class HostileFileTests
{
    private const int Seeds = 3000;
    private const long MostBytes = 96 << 20;

    public static TheoryData<int> Protocols => [2, 4, 5];

    [Theory]
    [MemberData(nameof(Protocols))]
    public void A_damaged_pickle_is_read_or_refused(int protocol)
    {
        var records = Records(protocol);
        var pickle = Array.FindIndex(records, r => r.Name.EndsWith("/data.pkl", StringComparison.Ordinal));
        AttackAll(random =>
        {
            var damaged = ((string Name, byte[] Bytes)[])records.Clone();
            damaged[pickle].Bytes = Damage(random, records[pickle].Bytes, records[pickle].Bytes.Length);
            return CheckpointFile.Zip(damaged);
        });
    }

    [Fact]
    public void Random_opcodes_are_read_or_refused()
    {
        string[] globals = ["torch._utils\n_rebuild_tensor_v2", "torch\nFloatStorage", "collections\nOrderedDict", "torch\nfloat32",
            "numpy.core.multiarray\nscalar", "collections\ndeque", "torch._utils\n_rebuild_parameter", "collections\nCounter"];
        var simple = "(021NQRabesut}])\u0081\u0085\u0086\u0087\u0088\u0089\u008f\u0090\u0091\u0094".Select(c => (byte)c).ToArray();
        AttackAll(random => CheckpointFile.Zip([("made/data.pkl", PickleWriter.Checkpoint(
            [("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1]))], ("soup", p => Soup(random, p)))), ("made/data/0", new byte[8])]));

        void Soup(Random random, PickleWriter pickle)
        {
            // Mostly pushes, so that the operations between them find something on the stack.
            for (var length = random.Next(1, 30); length > 0; length--)
            {
                _ = random.Next(8) switch
                {
                    0 => pickle.Int(random.Next(3)),
                    1 => pickle.Text("storage"[..random.Next(8)]),
                    2 => pickle.Raw((byte)'c').Raw(System.Text.Encoding.ASCII.GetBytes(globals[random.Next(globals.Length)] + "\n")),
                    3 => pickle.Raw((byte)'q', (byte)random.Next(3)),
                    4 => pickle.Raw((byte)'h', (byte)random.Next(3)),
                    5 => pickle.Raw((byte)')'),
                    _ => pickle.Raw(simple[random.Next(simple.Length)]),
                };
            }
        }
    }

    [Fact]
    public void A_damaged_zip_is_read_or_refused()
    {
        var zip = CheckpointFile.Zip(Records(2).Select(r => (r.Name, r.Bytes[..Math.Min(r.Bytes.Length, 4096)])).ToArray());
        var small = CheckpointFile.Zip([("made/data.pkl", PickleWriter.Checkpoint(
            [("w", p => p.Tensor("FloatStorage", "0", 2, 0, [2], [1]))])), ("made/data/0", new byte[8])], CompressionLevel.Optimal);
        AttackAll(random => random.Next(2) == 0 ? Damage(random, zip, zip.Length) : Damage(random, small, small.Length));
    }

    [Fact]
    public void A_damaged_safetensors_header_is_read_or_refused()
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string>
        {
            ["dim"] = "64",
            ["dec_layers"] = "2",
            ["heads"] = "4",
            ["K"] = "2",
            ["door"] = "zero",
        });
        writer.Add("w", [2, 3], [1f, 2f, 3f, 4f, 5f, 6f]);
        writer.Add("v", [2], [1.0, 2.0]);
        using var stream = new MemoryStream();
        writer.Write(stream);
        var file = stream.ToArray();
        AttackAll(random => Damage(random, file, file.Length - 40));
    }

    private static (string Name, byte[] Bytes)[] Records(int protocol)
    {
        using var zip = ZipFile.OpenRead(CheckpointFile.TrainingState(protocol));
        return [.. zip.Entries.Select(entry =>
        {
            using var bytes = new MemoryStream();
            using var record = entry.Open();
            record.CopyTo(bytes);
            return (entry.FullName, bytes.ToArray());
        })];
    }

    /// <summary>Flips bits, sets bytes or truncates, within the first bytes.</summary>
    private static byte[] Damage(Random random, byte[] sound, int within)
    {
        if (random.Next(8) == 0) return sound[..random.Next(within)];
        var damaged = (byte[])sound.Clone();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(within);
            damaged[at] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(damaged[at] ^ (1 << random.Next(8))),
                _ => (byte)(random.Next(2) * 255),
            };
        }
        return damaged;
    }

    private static void AttackAll(Func<Random, byte[]> make)
    {
        using var file = new CheckpointFile();
        var (read, refused) = (0, 0);
        for (var seed = 0; seed < Seeds; seed++)
        {
            File.WriteAllBytes(file.Path, make(new Random(seed)));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            try
            {
                using var checkpoint = Checkpoint.Open(file.Path);
                checkpoint.LoadWeights(checkpoint.Tensors.ToDictionary(t => t.Name, Shape));
                read++;
            }
            catch (BadInputException e)
            {
                refused++;
                Assert.StartsWith(file.Path, e.Message);
                Assert.DoesNotContain(e.Message, char.IsControl);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MostBytes, $"seed {seed} took too much memory");
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"seed {seed} took {watch.Elapsed}");
        }
        Assert.True(read > 0, "none was read: the damage is too coarse to find anything");
        Assert.True(refused > Seeds / 4, $"only {refused} were refused: the damage does no harm");

        static int[] Shape(StoredTensor tensor) => [.. tensor.Shape.Select(d => (int)Math.Min(d, int.MaxValue))];
    }
}
