using System.Text.RegularExpressions;
using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// ONNX Runtime's process-wide environment, made so that it prints nothing: its errors are kept for the exceptions that they explain.
/// An application that made the environment before keeps its own logging.
/// </summary>
internal static partial class OnnxEnvironment
{
    private static readonly Lock Gate = new();
    private static volatile string? _lastError;

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
            throw new MissingCapabilityException(
                $"ONNX Runtime's native library does not load ({(e.InnerException ?? e).Message.Split('\n')[0]})",
                "restore the packages for this platform and build again", e);
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
                loggingFunction = (_, _, _, _, _, message) => _lastError = message,
            };
            return OrtEnv.CreateInstanceWithOptions(ref options);
        }
    }

    /// <summary>
    /// What <paramref name="action"/> failed with, in ONNX Runtime's own words, the logged cause first; null where it succeeded.
    /// </summary>
    public static string? Try(Action action, out Exception? error)
    {
        _lastError = null;
        error = null;
        try
        {
            action();
            return null;
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException or EntryPointNotFoundException)
        {
            error = e;
            return SourceLocation().Replace((_lastError ?? e.Message).ReplaceLineEndings(" ").Trim(), "");
        }
    }

    // "/onnxruntime_src/.../file.cc:1988 onnxruntime::Provider& ...::Get() [ONNXRuntimeError] : 1 : FAIL : " helps no user.
    [GeneratedRegex(@"^.*\[ONNXRuntimeError\] : \d+ : \w+ : ")]
    private static partial Regex SourceLocation();
}
