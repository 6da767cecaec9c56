using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Models.PublishedArithmetic;
using HoloZero.Testing;

namespace HoloZero.Models.Tests;

public sealed class DoorConfigTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    /// <summary>The published sizes: "~125k" and "~132k" learned input parameters of dim 512, K 8.</summary>
    [Theory]
    [InlineData(DoorKind.Zero, SubstrateKind.Hsl, 0)]
    [InlineData(DoorKind.Projection, SubstrateKind.Hsl, 125_440)]
    [InlineData(DoorKind.Embedding, SubstrateKind.Hsl, 132_096)]
    [InlineData(DoorKind.Zero, SubstrateKind.Learned, 4_608)]
    [InlineData(DoorKind.Zero, SubstrateKind.Random, 0)]
    [InlineData(DoorKind.Zero, SubstrateKind.Permuted, 0)]
    public void A_door_has_so_many_parameters(DoorKind kind, SubstrateKind substrate, long parameters)
    {
        var config = ConfigurationFile.Known["published"].Behind(new(kind, substrate));
        Assert.Equal(parameters, AsymDec.DoorParameters(config));
        Assert.Equal(25_357_576 + parameters, AsymDec.ParameterShapes(config).Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b)));
    }

    [Fact]
    public void Only_a_zero_door_needs_room_for_the_features_of_a_slot()
    {
        Assert.Equal(3, new AsymDecConfig(64, 2, 4, 3, door: new(DoorKind.Projection)).SlotBytes);
        Assert.Equal(3, new AsymDecConfig(64, 2, 4, 3, door: new(DoorKind.Embedding)).SlotBytes);
        Assert.Throws<BadInputException>(() => new AsymDecConfig(64, 2, 4, 3));
        Assert.Throws<BadInputException>(() => new AsymDecConfig(64, 2, 4, 0, door: new(DoorKind.Embedding)));
    }

    [Theory]
    [InlineData(""" "door": "embedding", "substrate": "random" """, "substrate is random, but an embedding door reads no features")]
    [InlineData(""" "door": "zero", "substrate_seed": 3 """, "substrate_seed is 3, but nothing is drawn for substrate hsl")]
    [InlineData(""" "door": "zero", "substrate": "learned", "substrate_seed": 3 """, "nothing is drawn for substrate learned")]
    [InlineData(""" "door": "zero", "substrate": "random", "substrate_seed": -1 """, "substrate_seed in its JSON is not an integer of 0")]
    [InlineData(""" "door": "zero", "substrate": "shuffled" """, "substrate in its JSON is not hsl or learned or random or permuted")]
    [InlineData(""" "door": "learned" """, "its door is 'learned', known are zero, projection, embedding")]
    public void What_makes_no_door_is_refused(string door, string cause)
    {
        var path = _temporary["config.json"];
        File.WriteAllText(path, $$"""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, {{door}}}""");
        Assert.Contains(cause, Assert.Throws<BadInputException>(() => ConfigurationFile.Read(path)).Message);
    }

    [Fact]
    public void Checkpoints_say_their_door_and_substrate()
    {
        foreach (var door in DoorModels.All)
        {
            var (config, weights) = DoorModels.With(door);
            CheckpointWriter.WritePyTorch(_temporary["made.pt"], config, weights);
            CheckpointWriter.WriteSafetensors(_temporary["made.safetensors"], config, weights);
            foreach (var name in (string[])["made.pt", "made.safetensors"])
            {
                using var read = Checkpoint.Open(_temporary[name]);
                Assert.Equal(config, read.Config);
                Assert.Empty(read.Notes);
                var loaded = read.LoadWeights(AsymDec.ParameterShapes(config));
                Assert.All(weights, weight => Assert.Equal(weight.Value.Data, loaded[weight.Key].Data));
            }
        }
    }

    [Fact]
    public void A_door_whose_weights_are_not_there_is_refused()
    {
        var (config, _) = DoorModels.With(new(DoorKind.Projection));
        var (_, weights) = GoldenSuite.Tiny.Load();
        CheckpointWriter.WriteSafetensors(_temporary["made.safetensors"], config, weights);
        using var read = Checkpoint.Open(_temporary["made.safetensors"]);
        var error = Assert.Throws<BadInputException>(() => read.LoadWeights(AsymDec.ParameterShapes(config)));
        Assert.Contains("door.bytes.bias", error.Message);
    }

    /// <summary>NumPy's own numbers, as its documentation and many a tutorial print them.</summary>
    [Fact]
    public void Numbers_are_drawn_as_NumPy_does()
    {
        Assert.Equal(3_499_211_612, new NumPyRandom(5489).Bits());
        Assert.Equal(0.5488135039273248, new NumPyRandom(0).Unit());
        Assert.Equal([2, 8, 4, 9, 1, 6, 7, 3, 0, 5], new NumPyRandom(0).Permutation(10));
        Assert.Equal([8, 1, 5, 0, 7, 2, 9, 4, 3, 6], new NumPyRandom(42).Permutation(10));
        var random = new NumPyRandom(0);
        foreach (var expected in (double[])[1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458])
            Assert.Equal(expected, random.Normal(), 1e-15);
    }

    /// <summary>
    /// SHA-256 of the tables as NumPy 1.24.2 draws them (python3-numpy of Debian 12) by the rules of <c>hsl_embedding.ablation</c> 0.5,
    /// from <c>value_lut</c> of <c>validation/golden/front-door.golden.safetensors</c>:
    /// <code>
    /// base = value_lut                                             # float32 [256, 18]
    /// permuted = base[np.random.RandomState(seed).permutation(256)]
    /// z = np.random.RandomState(seed).randn(256, 18).astype(np.float32)
    /// z = (z - z.mean(0)) / z.std(0)
    /// random = z * base.std(0) + base.mean(0)
    /// for table in (permuted, random): print(hashlib.sha256((table + np.float32(0)).tobytes()).hexdigest())
    /// </code>
    /// The 0 makes every -0.0 of NumPy's FFT the 0.0 that our table has.
    /// </summary>
    [Theory]
    [InlineData(0, "575f383df289493dfcb2298b2050264b52b004a738e9545383100414e723d41e",
        "f38bf1ff60e187944debd1dbc95f60823043bf2992e7f65d012784d1bfa98449",
        new[] { 1.4562870264053345f, 0.6838534474372864f, 0.9926837682723999f, 1.5994226932525635f })]
    [InlineData(1, "308bde1a2161a3f11cfa6a99e28fe03f88344e96bbcb374f5af0000476316b61",
        "ffcbe612e096ef7f49112df0117174bf902fa940b18b28af457720868382fe8d",
        new[] { 1.2702059745788574f, 0.21282905340194702f, 0.2242426574230194f, -0.11555016040802002f })]
    [InlineData(7, "069bef6f5d3f855e6a9fd290efa2623f2c512591c4d83b5d087dc16fad56b94b",
        "b1277bbe4392581f8e585444f831d1d0820631b643d8184bd2ab83ff4efa79b5",
        new[] { 1.338491439819336f, 0.24820193648338318f, 0.5008912086486816f, 0.7059601545333862f })]
    [InlineData(uint.MaxValue, "5482ffd6bb0c5e67fce8016d381fb3efbe9b2d8d6242885a0a206954c955c57a",
        "0f3486868980ab1f33108ee8816577fd2bf3248493f4d125aca4236352bb9267",
        new[] { 0.8572903275489807f, 0.8566396236419678f, -0.04352676868438721f, 0.58318030834198f })]
    public void Tables_are_those_that_NumPy_draws_to_the_bit(uint seed, string permuted, string random, float[] begin)
    {
        Assert.Equal(permuted, Hash(SubstrateTables.Permuted(seed)));
        Assert.Equal(begin, SubstrateTables.Random(seed)[..4]);
        Assert.Equal(random, Hash(SubstrateTables.Random(seed)));

        static string Hash(float[] table) => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(table)));
    }

    [Fact]
    public void A_permuted_table_has_the_rows_of_HSL_and_a_random_one_its_moments()
    {
        var hsl = Rows([.. HslFrontDoor.ValueTable]);
        foreach (var seed in (uint[])[0, 1, 7])
        {
            var permuted = Rows(SubstrateTables.Permuted(seed));
            Assert.NotEqual(hsl, permuted);
            Assert.Equal(hsl.Select(row => string.Join(' ', row)).Order(), permuted.Select(row => string.Join(' ', row)).Order());

            var random = Rows(SubstrateTables.Random(seed));
            Assert.Equal(256, random.Select(row => string.Join(' ', row.Select(value => Math.Round(value, 5)))).Distinct().Count());
            for (var column = 0; column < HslFrontDoor.ValueColumns; column++)
            {
                var (mean, deviation) = Moments(random, column);
                var (published, publishedDeviation) = Moments(hsl, column);
                Assert.Equal(published, mean, 1e-5);
                Assert.Equal(publishedDeviation, deviation, 1e-5);
            }
        }

        Assert.NotEqual(SubstrateTables.Random(0), SubstrateTables.Random(1));
        Assert.Equal(new NumPyRandom(7).Permutation(256).Select(row => string.Join(' ', hsl[row])),
            Rows(SubstrateTables.Permuted(7)).Select(row => string.Join(' ', row)));

        static float[][] Rows(float[] table) => [.. table.Chunk(HslFrontDoor.ValueColumns)];

        static (double Mean, double Deviation) Moments(float[][] rows, int column)
        {
            var mean = rows.Average(row => (double)row[column]);
            return (mean, Math.Sqrt(rows.Average(row => (row[column] - mean) * (row[column] - mean))));
        }
    }
}
