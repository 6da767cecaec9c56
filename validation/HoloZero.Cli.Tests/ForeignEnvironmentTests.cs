using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Runtime;
using HoloZero.Testing;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Cli.Tests;

/// <summary>Catches what the process prints, so nothing else may run in it meanwhile.</summary>
[CollectionDefinition(nameof(ForeignEnvironmentTests), DisableParallelization = true)]
public sealed class AloneInTheProcess;

/// <summary>
/// The library in an application that made ONNX Runtime's environment itself, before, with the logging to stderr that ONNX Runtime has
/// unless told otherwise.
/// </summary>
[Collection(nameof(ForeignEnvironmentTests))]
public sealed class ForeignEnvironmentTests(TinyArtifacts tiny)
{
    [ModuleInitializer]
    internal static void TheApplicationsOwn() => _ = OrtEnv.Instance();

    [Fact]
    public void The_console_stays_the_applications()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "file descriptors are duplicated by Linux' calls");
        var level = OrtEnv.Instance().EnvLogLevel;
        Assert.True(level < OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "the environment would be silent anyway");
        using var broken = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(tiny.Folder(PrefixAttention.Causal)))
            File.WriteAllBytes(broken[Path.GetFileName(file)], new byte[new FileInfo(file).Length]);
        File.Copy(Path.Combine(tiny.Folder(PrefixAttention.Causal), ArtifactManifest.FileName), broken[ArtifactManifest.FileName], true);

        var printed = Printed(() =>
        {
            RuntimeReport.Collect();
            Assert.Throws<BadInputException>(() => HoloZeroModel.Load(broken.Path, new() { VerifyHashes = false }));
            using var model = HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal), new()
            {
                Variant = "portable",
                Provider = ExecutionProvider.Auto,
                PrefillChunkBytes = 1 << 20,
            });
            using var session = model.OpenSession();
            using var cancellation = new CancellationTokenSource(200);
            Assert.ThrowsAny<OperationCanceledException>(() => { session.Prefill([], new byte[20_000], cancellation.Token); });
        });

        Assert.Equal("", printed);
        Assert.Equal(level, OrtEnv.Instance().EnvLogLevel);
    }

    /// <summary>Proves that the test above would see a line.</summary>
    [Fact]
    public void What_the_application_does_itself_is_seen()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "file descriptors are duplicated by Linux' calls");
        var printed = Printed(() =>
        {
            using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_VERBOSE };
            using var session = new InferenceSession(tiny.Graph(PrefixAttention.Causal), options);
        });
        Assert.Contains("onnxruntime", printed);
    }

    /// <summary>What arrives at file descriptors 1 and 2 meanwhile.</summary>
    private static string Printed(Action action)
    {
        using var file = new TemporaryFolder();
        using (var target = File.OpenHandle(file["printed"], FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
        {
            var (output, error) = (dup(1), dup(2));
            try
            {
                Assert.True(dup2(target.DangerousGetHandle().ToInt32(), 1) == 1 && dup2(target.DangerousGetHandle().ToInt32(), 2) == 2);
                action();
            }
            finally
            {
                _ = dup2(output, 1);
                _ = dup2(error, 2);
                _ = close(output);
                _ = close(error);
            }
        }

        return File.ReadAllText(file["printed"]);
    }

    [DllImport("libc")]
    private static extern int dup(int descriptor);

    [DllImport("libc")]
    private static extern int dup2(int from, int to);

    [DllImport("libc")]
    private static extern int close(int descriptor);
}
