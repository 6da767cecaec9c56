using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;
using TorchSharp;

namespace HoloZero.TorchSharp.Tests;

/// <summary>A machine on which the native library does not load: one line with cause and cure, and nothing else.</summary>
public class LoadFailureTests
{
    private const string Preamble = "Unable to load shared library 'LibTorchSharp' or one of its dependencies. In order to help diagnose "
        + "loading problems, consider using a tool like strace. If you're using glibc, consider setting the LD_DEBUG environment "
        + "variable: \n";

    [Theory]
    [InlineData("libtorch.so: cannot open shared object file: No such file or directory\n"
        + "/app/libLibTorchSharp.so: cannot open shared object file: No such file or directory\n",
        "(libtorch.so: cannot open shared object file: No such file or directory)")]
    [InlineData("/app/LibTorchSharp.so: cannot open shared object file: No such file or directory\n"
        + "/app/libLibTorchSharp.so: file too short\n",
        "(libLibTorchSharp.so: file too short)")]
    [InlineData("LibTorchSharp: cannot open shared object file: No such file or directory\n",
        "(LibTorchSharp: cannot open shared object file: No such file or directory)")]
    [InlineData("something new\n", "(Unable to load shared library 'LibTorchSharp' or one of its dependencies)")]
    public void The_line_that_tells_most_is_kept(string lines, string cause) =>
        Assert.Equal($"TorchSharp's native library does not load {cause}", LoadFailure.Of(Preamble + lines).Cause);

    [Fact]
    public void A_library_that_is_too_old_is_named_with_what_it_offers()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["libstdc++.so.6"], "\0GLIBCXX_3.4\0GLIBCXX_3.4.9\0GLIBCXX_3.4.30\0GLIBCXX_3.4.21\0GLIBCXX_TUNABLES\0");
        var failure = LoadFailure.Of($"{Preamble}{folder["libstdc++.so.6"]}: version `GLIBCXX_3.4.32' not found "
            + "(required by /app/libLibTorchSharp.so)\n");
        Assert.Equal("TorchSharp needs libstdc++ of GCC 13 (GLIBCXX_3.4.32), and this machine has 3.4.30", failure.Cause);
        Assert.Equal("use Ubuntu 24.04, Debian 13 or newer", failure.Remedy);

        failure = LoadFailure.Of(Preamble + "/no/libc.so.6: version `GLIBC_2.38' not found (required by /app/libtorch_cpu.so)\n");
        Assert.Equal("TorchSharp needs libc.so.6 with GLIBC_2.38, and this machine has an older one", failure.Cause);
    }

    [Fact]
    public void Where_it_does_not_load_every_entrance_says_so_and_TorchSharps_own_loader_stays_out()
    {
        Assert.SkipWhen(TorchSharpRuntime.WhyNot(ComputeDevice.Cpu) is null, "TorchSharp loads on this machine");
        var reason = TorchSharpRuntime.WhyNot(ComputeDevice.Cpu)!;
        Assert.DoesNotContain('\n', reason);
        var (config, weights) = GoldenSuite.Tiny.Load();
        foreach (var device in Enum.GetValues<ComputeDevice>())
        {
            Action[] entrances =
            [
                () => _ = TorchSharpRuntime.Version, () => TorchSharpRuntime.UseThreads(1), () => TorchSharpRuntime.Open(device),
                () => new TorchSharpEngine(new() { Device = device }), () => new TorchSharpTraining(device),
                () => new TorchSharpModel(config, weights, new() { Device = device }),
            ];
            Assert.All(entrances, entrance => Assert.Equal(reason, Assert.Throws<MissingCapabilityException>(entrance).Message));
        }
    }

    /// <summary>What TorchSharp's own loader leaves: a copy of all of libtorch beside the program.</summary>
    [Fact]
    public void No_copy_of_libtorch_lies_beside_the_program() =>
        Assert.False(Directory.Exists(Path.Combine(Path.GetDirectoryName(typeof(torch).Assembly.Location)!, "cpu")));
}
