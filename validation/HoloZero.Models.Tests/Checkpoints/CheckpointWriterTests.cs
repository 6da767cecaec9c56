using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>What we write, read back by our own reader, which knows PyTorch's files, and by PyTorch itself where it is installed.</summary>
public sealed class CheckpointWriterTests : IDisposable
{
    private const string ReadWithPyTorch = """
        import hashlib, sys, torch
        checkpoint = torch.load(sys.argv[1], map_location="cpu")
        assert sorted(checkpoint) == ["cfg", "model"], checkpoint.keys()
        print(sorted(checkpoint["cfg"].items()))
        for name, tensor in sorted(checkpoint["model"].items()):
            assert tensor.dtype == torch.float32 and tensor.is_contiguous() and not tensor.requires_grad
            print(name, list(tensor.shape), hashlib.sha256(tensor.numpy().tobytes()).hexdigest())
        """;

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Weights_and_configuration_come_back_bit_for_bit(bool pyTorch)
    {
        foreach (var source in (string[])[Repository.Golden("tiny.pt"), GoldenSuite.Demo.CheckpointPath])
        {
            var (config, weights) = GoldenSuite.Load(source, PrefixAttention.Bidirectional);
            config = config with { StreamOrigin = StreamOrigin.Zero };
            if (pyTorch) CheckpointWriter.WritePyTorch(_temporary["made"], config, weights);
            else CheckpointWriter.WriteSafetensors(_temporary["made"], config, weights);
            using var back = Checkpoint.Open(_temporary["made"]);
            Assert.Equal((pyTorch ? "pytorch-zip" : "safetensors", config, new PartialReading(config.Reading)),
                (back.Format, back.Config, back.SavedReading));
            Assert.Empty(back.Notes);
            var read = back.LoadWeights(AsymDec.ParameterShapes(config));
            Assert.Equal(weights.Keys.Order(), read.Keys.Order());
            Assert.All(weights.Values, weight => Assert.True(weight.Data.AsSpan().SequenceEqual(read[weight.Name].Data), weight.Name));
        }
    }

    [Fact]
    public void The_same_weights_give_the_same_bytes_in_any_order()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        CheckpointWriter.WritePyTorch(_temporary["a"], config, weights);
        CheckpointWriter.WritePyTorch(_temporary["b"], config, weights.Reverse().ToDictionary());
        Assert.Equal(File.ReadAllBytes(_temporary["a"]), File.ReadAllBytes(_temporary["b"]));
        Assert.Equal(2, Directory.GetFiles(_temporary.Path).Length);
    }

    [Fact]
    public void Records_are_stored_under_the_names_that_PyTorch_gives_them()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        CheckpointWriter.WritePyTorch(_temporary["made"], config, weights);
        using var made = ZipFile.OpenRead(_temporary["made"]);
        using var theirs = ZipFile.OpenRead(Repository.Golden("tiny.pt"));
        Assert.Equal(theirs.Entries.Select(Name).Order(), made.Entries.Select(Name).Order());
        Assert.All(made.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));

        static string Name(ZipArchiveEntry entry) => entry.FullName[(entry.FullName.IndexOf('/', StringComparison.Ordinal) + 1)..];
    }

    [Fact]
    public void PyTorch_reads_what_we_write()
    {
        var python = ((string[])["python3", "/usr/bin/python3"]).FirstOrDefault(name => Run(name, "-c", "import torch") is (0, _));
        Assert.SkipWhen(python is null, "no python3 with torch is installed");
        var (config, weights) = GoldenSuite.Demo.Load();
        CheckpointWriter.WritePyTorch(_temporary["made"], config, weights);
        var expected = new List<string>
        {
            "[('K', 8), ('dec_layers', 3), ('dim', 256), ('door', 'zero'), ('heads', 4), ('prefix_attention', 'causal'), "
                + "('stream_origin', 'bare'), ('stream_positions', 'continuous')]",
        };
        expected.AddRange(weights.Values.OrderBy(weight => weight.Name, StringComparer.Ordinal).Select(weight =>
            $"{weight.Name} [{string.Join(", ", weight.Shape)}] "
            + Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(weight.Data.AsSpan())))));
        var (code, output) = Run(python!, "-c", ReadWithPyTorch, _temporary["made"]);
        Assert.Equal((0, string.Join('\n', expected)), (code, output.Trim()));
    }

    [Theory]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero"}""", null)]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero", "more": [1]}""", "'more' is not read; leave it out")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "stream_origin": "zero"}""", "'stream_origin' is not read")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero", "dropout": 0.1}""", "might mean dropout")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2}""", "has no door")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero", "stream_origin": 1}""", "'stream_origin' is not read")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 90, "door": "zero"}""", "K is 90")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "learned"}""", "door is 'learned'")]
    [InlineData("""{"dim": 64.5, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero"}""", "dim in its JSON is not an integer")]
    [InlineData("""{"dec_layers": 2, "heads": 4, "K": 2, "door": "zero"}""", "its JSON has no dim")]
    [InlineData("""{"dim": 64, "dec_layers": 2, "heads": 5, "K": 2, "door": "zero"}""", "heads is 5")]
    [InlineData("[1]", "it is no JSON object")]
    [InlineData("{", "it is not JSON")]
    [InlineData("", "it is not JSON")]
    public void A_configuration_is_read_from_JSON_or_refused_in_one_line(string json, string? problem)
    {
        File.WriteAllText(_temporary["config.json"], json);
        if (problem is null)
        {
            Assert.Equal(new AsymDecConfig(64, 2, 4, 2), ConfigurationFile.Read(_temporary["config.json"]));
            return;
        }

        var exception = Assert.Throws<BadInputException>(() => ConfigurationFile.Read(_temporary["config.json"]));
        Assert.Contains(problem, exception.Message);
        Assert.DoesNotContain('\n', exception.Message);
        // What is wrong with a file of numbers is not mended with another checkpoint.
        Assert.DoesNotContain("checkpoint", exception.Message);
        Assert.Contains("{\"dim\": ..", exception.Message);
    }

    [Fact]
    public void A_checkpoint_that_says_nothing_of_its_reading_has_ours_and_one_that_says_nonsense_is_refused()
    {
        using (var theirs = Checkpoint.Open(Repository.Golden("tiny.pt")))
            Assert.Equal((new PartialReading(), new Reading()), (theirs.SavedReading, theirs.Config.Reading));
        var writer = new SafetensorsWriter(new Dictionary<string, string>
        {
            ["cfg"] = """{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero", "prefix_attention": "windowed"}""",
        });
        writer.Write(_temporary["made"]);
        Assert.Contains("prefix_attention in its cfg of its __metadata__ is not causal or bidirectional",
            Assert.Throws<BadInputException>(() => Checkpoint.Open(_temporary["made"])).Message);
    }

    [Fact]
    public void What_is_told_of_a_reading_must_not_contradict_what_is_saved()
    {
        var saved = new PartialReading(PrefixAttention.Bidirectional);
        Assert.Equal(new Reading(PrefixAttention.Bidirectional, StreamOrigin: StreamOrigin.Zero),
            new PartialReading(StreamOrigin: StreamOrigin.Zero).Resolve(saved, "model.pt"));
        Assert.Equal(new Reading(), new PartialReading().Resolve(new(), "model.pt"));
        foreach (var (name, told, other) in (IEnumerable<(string, PartialReading, PartialReading)>)
        [
            ("prefix-attention", new(PrefixAttention.Causal), saved),
            ("stream-positions", new(StreamPositions: StreamPositions.Continuous), new(StreamPositions: StreamPositions.Restarted)),
            ("stream-origin", new(StreamOrigin: StreamOrigin.Zero), new(StreamOrigin: StreamOrigin.Bare)),
        ])
            Assert.Equal(name, Assert.Throws<BadInputException>(() => told.Resolve(other, "model.pt")).Where);
        Assert.Equal(2, new PartialReading(PrefixAttention.Causal, StreamOrigin: StreamOrigin.Zero).Agreeing().Count());
        Assert.Equal(Reading.All, new PartialReading().Agreeing());
    }

    [Fact]
    public void A_configuration_is_known_by_name_or_lies_in_a_file()
    {
        Assert.Equal(new AsymDecConfig(512, 6, 8, 8), ConfigurationFile.Find("new", "published"));
        Assert.Equal(["tiny", "demo", "published"], ConfigurationFile.Known.Keys);
        var exception = Assert.Throws<BadInputException>(() => ConfigurationFile.Find("new", "large"));
        Assert.StartsWith("new: 'large' is neither a file nor a configuration known by name; name tiny or demo or published",
            exception.Message);
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, process.ExitCode == 0 ? output : error.Result);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }
}
