using System.Text;
using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>What failures of ONNX Runtime say: their own cause, in printable words.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly ExportedModel _first = new(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32"] });
    private readonly TemporaryFolder _second = new();

    public FailureTests()
    {
        foreach (var file in Directory.GetFiles(_first.Folder)) File.Copy(file, _second[Path.GetFileName(file)]);
    }

    public void Dispose()
    {
        _second.Dispose();
        _first.Dispose();
    }

    [Fact]
    public void Loads_that_fail_at_the_same_time_say_each_its_own()
    {
        // No such operators.
        Rename(_first.Folder, "LinearAttention", "FirstUnknown_op");
        Rename(_second.Path, "LinearAttention", "OtherUnknown_op");
        const int times = 20;
        Parallel.Invoke(
            () => Repeat(() => Refusal(_first.Folder), says: "FirstUnknown_op", not: "OtherUnknown_op"),
            () => Repeat(() => Refusal(_second.Path), says: "OtherUnknown_op", not: "FirstUnknown_op"),
            () => Repeat(() => ProviderSelection.WhyNot(ExecutionProvider.Cuda) ?? "CUDA", says: "", not: "Unknown_op"),
            () => Repeat(() => ProviderSelection.WhyNot(ExecutionProvider.TensorRt) ?? "TensorRT", says: "", not: "Unknown_op"));

        static void Repeat(Func<string> fail, string says, string not)
        {
            for (var i = 0; i < times; i++)
            {
                var message = fail();
                Assert.Contains(says, message);
                Assert.DoesNotContain(not, message);
            }
        }
    }

    [Fact]
    public void A_thread_collects_what_is_logged_on_it_and_nobody_elses()
    {
        if (ProviderSelection.WhyNot(ExecutionProvider.Cuda) is not { } alone)
        {
            Assert.Skip("CUDA loads here, so that nothing is logged");
            return;
        }

        string[] together = new string[4];
        Parallel.For(0, together.Length, i => together[i] = ProviderSelection.WhyNot(ExecutionProvider.Cuda)!);
        Assert.All(together, message => Assert.Equal(alone, message));
    }

    [Fact]
    public void Names_with_terminal_codes_or_of_great_length_come_out_printable_and_short()
    {
        Rename(_first.Folder, "LinearAttention", "\u001b[31mevil\r\nop\u009b");
        AssertPrintable(Assert.Throws<BadInputException>(() => Load(_first.Folder)), "evil op");

        var words = OnnxEnvironment.Words(new InvalidOperationException("\u001b[1;31m" + new string('x', 5000) + "\u001b[m"));
        Assert.Equal(new string('x', 1000) + "...", words);
        Assert.Equal("a cause", OnnxEnvironment.Words(new InvalidOperationException(
            "[ErrorCode:Fail] /src/file.cc:1 Get() [ONNXRuntimeError] : 1 : FAIL : a\tcause\n")));
        Assert.Equal("a cause", OnnxEnvironment.Words(new InvalidOperationException("[ErrorCode:RuntimeException] a cause")));
    }

    [Fact]
    public void A_provider_that_does_not_load_says_why_in_printable_words()
    {
        var missing = RuntimeReport.Collect().Providers.Where(provider => provider is { Supported: true, Problem: not null }).ToArray();
        Assert.All(missing, provider => AssertPrintable(new InvalidOperationException(provider.Problem), ""));
        if (missing.All(provider => !provider.Name.StartsWith("CUDA", StringComparison.Ordinal))) return;
        using var portable = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { Variants = ["portable"] });
        var error = Assert.Throws<MissingCapabilityException>(() => HoloZeroModel.Load(portable.Folder,
            new() { Provider = ExecutionProvider.Cuda }));
        AssertPrintable(error, "Cuda");
        AssertPrintable(error, "install");
    }

    [Fact]
    public void What_a_sound_graph_cannot_take_at_once_is_told_by_its_amount()
    {
        // Beyond its rotary tables the graph fails; that the manifest would say so is taken away.
        var path = Path.Combine(_first.Folder, ArtifactManifest.FileName);
        var manifest = ArtifactManifest.Read(path);
        var limit = manifest.Variants[0].MaxPositions!.Value;
        File.WriteAllText(path, (manifest with { Variants = [manifest.Variants[0] with { MaxPositions = 2 * limit }] }).ToJson());
        using var model = HoloZeroModel.Load(_first.Folder, new() { Threads = 1, PrefillChunkBytes = 1 << 20 });
        using var session = model.OpenSession();
        session.Prefill([], [1, 2, 3]);

        var error = Assert.Throws<MissingCapabilityException>(() => { session.Prefill(new byte[8], new byte[limit + 1]); });
        Assert.Contains($"8 prefix bytes and {limit + 1:N0} stream bytes", error.Message);
        AssertPrintable(error, "shorter pieces");
        Assert.Equal(3, session.Position);
        session.Step(4);
    }

    private static void AssertPrintable(Exception error, string says)
    {
        Assert.Contains(says, error.Message);
        for (var e = error; e is not null; e = e.InnerException)
        {
            Assert.DoesNotContain(e.Message, char.IsControl);
            Assert.InRange(e.Message.Length, 1, 3000);
        }
    }

    private static string Refusal(string folder) => Assert.Throws<BadInputException>(() => Load(folder)).Message;

    private static HoloZeroModel Load(string folder) => HoloZeroModel.Load(folder, new() { VerifyHashes = false, Threads = 1 });

    /// <summary>Puts another name of the same length into the graph.</summary>
    private static void Rename(string folder, string from, string to)
    {
        var path = Path.Combine(folder, "model.fp32.onnx");
        var (bytes, name, other) = (File.ReadAllBytes(path), Encoding.UTF8.GetBytes(from), Encoding.UTF8.GetBytes(to));
        Assert.Equal(name.Length, other.Length);
        var found = 0;
        for (var at = 0; bytes.AsSpan(at).IndexOf(name) is >= 0 and var offset; found++)
        {
            at += offset;
            other.CopyTo(bytes, at);
        }

        Assert.True(found > 0, $"the graph has no {from}");
        File.WriteAllBytes(path, bytes);
    }
}
