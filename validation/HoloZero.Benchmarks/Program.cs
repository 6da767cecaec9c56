using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.Benchmarks;
using HoloZero.CommandLine;

var model = new Option<string>("--model") { Description = "artifact folder to measure, with all its variants", Required = true };
var results = new Option<string>("--results") { Description = "folder for the table and its data", Required = true };
var program = new Option<string>("--program") { Description = "the holozero program", Required = true };
var peers = new Option<string?>("--peers") { Description = "folder of f32.gguf, q8.gguf and q4.gguf for llama.cpp [no peers]" };
var harness = new Option<string?>("--harness") { Description = "llama.mjs, which decodes with llama.cpp" };
var node = new Option<string>("--node") { Description = "the node program [node]", DefaultValueFactory = _ => "node" };
var rounds = Values.Whole<int>("--rounds", "times that each pair is measured [5]");
var bytes = Values.Whole<int>("--bytes", "bytes to decode [440]");
var threads = new Option<string>("--threads")
{
    Description = "numbers of threads to try, each side is taken at its best [1,<processors>]",
    DefaultValueFactory = _ => Environment.ProcessorCount > 1 ? $"1,{Environment.ProcessorCount}" : "1",
};
var launch = new Option<string>("--launch") { Description = "put before every measured command", DefaultValueFactory = _ => "" };
var commit = new Option<string>("--commit") { Description = "what is measured", DefaultValueFactory = _ => "unknown" };
var root = new RootCommand("Measures every variant of a model in turn with llama.cpp at the same size, and writes a table.")
{
    model, results, program, peers, harness, node, rounds, bytes, threads, launch, commit,
};
root.SetAction((parsed, cancellation) =>
{
    using var progress = new TerminalProgress();
    var contest = new Contest
    {
        Model = ArtifactFolder.Open(parsed.GetRequiredValue(model), verifyHashes: false),
        Program = parsed.GetRequiredValue(program),
        Peers = parsed.GetValue(peers),
        Harness = parsed.GetValue(harness),
        Node = parsed.GetRequiredValue(node),
        Rounds = Within("--rounds", parsed.GetValue(rounds) ?? 5, 1, 100),
        Bytes = Within("--bytes", parsed.GetValue(bytes) ?? 440, 16, 4096),
        Threads = Threads(parsed.GetRequiredValue(threads)),
        Launch = parsed.GetRequiredValue(launch).Split(' ', StringSplitOptions.RemoveEmptyEntries),
    };
    var measured = contest.Run(progress, cancellation);
    progress.Dispose();
    var page = ResultsFolder.Write(parsed.GetRequiredValue(results), measured, parsed.GetRequiredValue(commit),
        parsed.GetRequiredValue(launch), TimeProvider.System.GetUtcNow());
    Console.Write(File.ReadAllText(page));
    Console.Error.WriteLine($"written to {page}");
    return Task.FromResult(ExitCode.Done);
});
return await CommandLineProgram.RunAsync("holozero-benchmarks", root, args);

static int Within(string option, int value, int least, int most) => value >= least && value <= most ? value
    : throw new BadInputException(option, $"{value} is not within {least} to {most}", "choose another");

static int[] Threads(string list) => [.. list.Split(',').Select(text =>
    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 1024 ? count
        : throw new BadInputException("--threads", $"{Untrusted.Quote(list)} is not a list of numbers from 1 to 1024", "give 1,2 say"))
    .Distinct()];
