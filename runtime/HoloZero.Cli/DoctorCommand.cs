using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero doctor</c>: what this machine can run, and whether a model is sound on it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("doctor", "Tells what this machine can run and whether a model is sound on it.") { json };
        var model = new ModelArguments(command, required: false);
        command.SetAction((parsed, cancellation) =>
        {
            var runtime = RuntimeReport.Collect();
            var health = model.Folder(parsed) is null ? null : Examine(model, parsed, cancellation);
            var report = new DoctorReport(runtime, health);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(report, DoctorJson.Default.DoctorReport) : Text(report));
            return Task.FromResult(health is { Sound: false } ? ExitCode.FoundWanting : ExitCode.Done);
        });
        return command;
    }

    private static ModelHealth Examine(ModelArguments arguments, ParseResult parsed, CancellationToken cancellation)
    {
        var folder = arguments.Folder(parsed)!;
        // What is no artifact at all is no model to judge.
        if (!File.Exists(Path.Combine(folder, ArtifactManifest.FileName))) ArtifactFolder.OpenUnverified(folder);

        try
        {
            // Every file, not only those that a model loads.
            Abandonable.Run(() => ArtifactFolder.Open(folder), cancellation);
            ModelHealth health;
            using (var model = arguments.Load(parsed, cancellation, speculation: true))
                health = new(folder, null, model.Variant.Name, model.Provider.ToString(), SelfCheck.Run(model, cancellation));
            // By then the model's memory is free: it is loaded once more.
            return health with { Nodes = new(NodePlacement.Count(folder, arguments.Options(parsed), cancellation)) };
        }
        catch (Exception e) when (e is BadInputException or UnsoundModelException)
        {
            return new(folder, e.Message, null, null, []);
        }
    }

    private static string Text(DoctorReport report)
    {
        var runtime = report.Runtime;
        var lines = new List<string>
        {
            $"ONNX Runtime   {OnnxRuntime(runtime)}",
            $"extensions     {(runtime.ExtensionsProblem is null ? "load" : $"do not load: {runtime.ExtensionsProblem}")}",
        };
        lines.AddRange(runtime.Providers.Select(provider => $"provider       {provider.Name}: "
            + (provider.Problem is null ? "loads" : provider.Supported ? $"does not load: {provider.Problem}" : provider.Problem)));
        lines.Add($"processor      {runtime.CpuModel}, {runtime.Processors} for this process");
        lines.Add($"threads        {runtime.Threads} a call, of an exact variant at most one a head, unless --threads says otherwise: "
            + runtime.ThreadsSource);
        lines.Add("instructions   "
            + (runtime.CpuFeatures.Count > 0 ? string.Join(' ', runtime.CpuFeatures) : "not known on this platform"));
        lines.Add($"platform       {runtime.Platform}");
        if (report.Model is { } model)
        {
            lines.Add($"model          {model.Folder}"
                + (model.Problem is null
                    ? $", variant {model.Variant} on {model.Provider}: hashes agree, graph loads"
                    : $": {model.Problem}"));
            lines.AddRange(model.Nodes.Select(nodes => $"nodes          {nodes.Value} on {nodes.Key}"));
            lines.AddRange(model.SelfCheck.Select(check =>
                $"self-check     {check.Case}: {(check.Passed ? "passed" : "FAILED")}, logits {Distance(check)}"));
            lines.Add($"verdict        {(model.Sound ? "the model is sound on this machine" : "the model is not sound on this machine")}");
        }

        return string.Join('\n', lines);
    }

    private static string Distance(SelfCheckCase check) => check.Case == SelfCheck.DraftsCase
        ? string.Create(CultureInfo.InvariantCulture, $"of several bytes at once within {check.MaxAbsoluteError:g2} of one by one")
        : string.Create(CultureInfo.InvariantCulture, $"within {check.MaxAbsoluteError:g2} of float64, allowed {check.Tolerance:g2}");

    private static string OnnxRuntime(RuntimeReport runtime) =>
        runtime.OnnxRuntimeVersion + (NativePackage.OfOnnxRuntime() is { } package ? $" from NuGet ({package})" : "")
            + (runtime.OnnxRuntimeManagedVersion == runtime.OnnxRuntimeVersion ? ""
                : $", called by a managed assembly of {runtime.OnnxRuntimeManagedVersion}: restore packages of one version");
}

internal sealed record ModelHealth(string Folder, string? Problem, string? Variant, string? Provider,
    IReadOnlyList<SelfCheckCase> SelfCheck)
{
    /// <summary>How many nodes of the graph ran where in a step, by ONNX Runtime's names of the providers.</summary>
    public Dictionary<string, int> Nodes { get; init; } = [];

    public bool Sound => Problem is null && SelfCheck.All(check => check.Passed);
}

internal sealed record DoctorReport(RuntimeReport Runtime, ModelHealth? Model);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJson : JsonSerializerContext;
