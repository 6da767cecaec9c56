using System.Reflection;
using System.Text.RegularExpressions;
using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// ONNX Runtime's process-wide environment and how to fail with it: nothing that it logs on this library's behalf reaches the console, and
/// what it says of a failure becomes one printable line. Thread-safe.
/// </summary>
/// <remarks>
/// Sessions and runs are told not to log at all: their failures say the same in exceptions. What loading a provider logs is in no
/// exception. ONNX Runtime logs on the thread that it was called on, so a thread collects its own lines and nobody else's.
/// </remarks>
internal static partial class OnnxEnvironment
{
    private const OrtLoggingLevel Silent = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
    private const int MaxLength = 1000;

    private static readonly Lock Gate = new();
    private static readonly Lock LevelGate = new();
    private static volatile bool _isOurs;

    [ThreadStatic]
    private static List<string>? _logged;

    /// <summary>Version of the managed assembly that calls the native library.</summary>
    public static string ManagedVersion { get; } =
        // Behind a plus stands a commit.
        typeof(OrtEnv).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "unknown";

    /// <summary>Makes the environment unless there is one.</summary>
    /// <exception cref="MissingCapabilityException">The native library does not load.</exception>
    public static OrtEnv Ensure()
    {
        try
        {
            return Make();
        }
        catch (Exception e)
            when (e is DllNotFoundException or EntryPointNotFoundException or TypeInitializationException or BadImageFormatException)
        {
            // After the first sentence comes every path that was tried; the exception keeps them.
            throw new MissingCapabilityException(
                $"ONNX Runtime's native library does not load ({Words(e.InnerException ?? e).Split(". ")[0]})",
                $"add the package Microsoft.ML.OnnxRuntime {ManagedVersion} to the app, or Microsoft.ML.OnnxRuntime.Gpu for CUDA", e);
        }
    }

    private static OrtEnv Make()
    {
        lock (Gate)
        {
            if (OrtEnv.IsCreated) return OrtEnv.Instance();
            var options = new EnvironmentCreationOptions
            {
                logId = "HoloZero",
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
                loggingFunction = (_, _, _, _, _, message) => _logged?.Add(message),
            };
            var environment = OrtEnv.CreateInstanceWithOptions(ref options);
            _isOurs = true;
            return environment;
        }
    }

    /// <summary>
    /// Options for a session that logs nothing and adds whole numbers up exactly. On x64 processors without VNNI ONNX Runtime otherwise
    /// multiplies 8-bit numbers by an instruction that adds pairs in 16 bits and cuts off what is beyond, which with weights of 7 bits
    /// nothing is. The caller disposes them.
    /// </summary>
    /// <param name="weightBits">As <see cref="ArtifactManifest.VariantInfo.WeightBits"/> has it.</param>
    public static SessionOptions NewSessionOptions(int? weightBits = null)
    {
        var options = new SessionOptions { LogSeverityLevel = Silent };
        if (weightBits is not <= 7) options.AddSessionConfigEntry("session.x64quantprecision", "1");
        return options;
    }

    /// <summary>Options for calls that log nothing. The caller disposes them.</summary>
    public static RunOptions NewRunOptions() => new() { LogSeverityLevel = Silent };

    /// <summary>What <paramref name="action"/> failed with, in ONNX Runtime's own words; null where it succeeded.</summary>
    public static string? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException or EntryPointNotFoundException)
        {
            return Words(e);
        }
    }

    /// <summary>
    /// The same for what logs the cause and throws less, as loading a provider does. In an environment that the application made, with
    /// logging of its own, that is silenced meanwhile.
    /// </summary>
    public static string? TryLogged(Action action)
    {
        var environment = Ensure();
        if (_isOurs)
        {
            _logged = [];
            var failure = Try(action);
            var cause = failure is not null && _logged is [.., var last] ? Words(last) : failure;
            _logged = null;
            return cause;
        }

        // The level belongs to the whole process: one at a time may borrow it.
        lock (LevelGate)
        {
            var level = environment.EnvLogLevel;
            environment.EnvLogLevel = Silent;
            try
            {
                return Try(action);
            }
            finally
            {
                environment.EnvLogLevel = level;
            }
        }
    }

    /// <summary>What an exception says, on one line, without what only its programmers can read.</summary>
    public static string Words(Exception e) => Words(e.Message);

    private static string Words(string message)
    {
        var line = Unprintable().Replace(TerminalSequence().Replace(message, ""), " ").Trim();
        line = SourceLocation().Replace(line, "");
        return line.Length <= MaxLength ? line : $"{line[..MaxLength]}...";
    }

    // Colours and the like.
    [GeneratedRegex(@"\x1b\[[0-?]*[ -/]*[@-~]")]
    private static partial Regex TerminalSequence();

    [GeneratedRegex(@"[\p{C}\p{Zl}\p{Zp}\s]+")]
    private static partial Regex Unprintable();

    // "[ErrorCode:Fail] /onnxruntime_src/.../file.cc:1988 onnxruntime::Provider& ...::Get() [ONNXRuntimeError] : 1 : FAIL : " helps
    // no user.
    [GeneratedRegex(@"^(.*\[ONNXRuntimeError\] : \d+ : \w+ : |\[ErrorCode:\w+\] )")]
    private static partial Regex SourceLocation();
}
