using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.Benchmarks;
using HoloZero.Benchmarks.Peers;
using HoloZero.CommandLine;

var model = new Option<string>("--model") { Description = "artifact folder to measure, with all its variants", Required = true };
var results = new Option<string>("--results") { Description = "folder for the table and its data", Required = true };
var program = new Option<string>("--program") { Description = "the holozero program", Required = true };
var llamaSharp = new Option<string?>("--llamasharp") { Description = "holozero-peer-llamasharp, which decodes with llama.cpp [none]" };
var genAi = new Option<string?>("--genai") { Description = "holozero-peer-genai, which decodes with ONNX Runtime GenAI [none]" };
var peerModels = new Option<string?>("--peer-models") { Description = "folder that peer-models wrote" };
var rounds = Values.Whole<int>("--rounds", "times that each pair is measured [5]");
var bytes = Values.Whole<int>("--bytes", "bytes to decode [440]");
var threads = new Option<string>("--threads")
{
    Description = "numbers of threads to try, each side is taken at its best [1,<processors>]",
    DefaultValueFactory = _ => Environment.ProcessorCount > 1 ? $"1,{Environment.ProcessorCount}" : "1",
};
var launch = new Option<string>("--launch") { Description = "put before every measured command", DefaultValueFactory = _ => "" };
var commit = new Option<string>("--commit") { Description = "what is measured", DefaultValueFactory = _ => "unknown" };
var root = new RootCommand("Measures every variant of a model in turn with other libraries' models of the same size, and writes tables.")
{
    model, results, program, llamaSharp, genAi, peerModels, rounds, bytes, threads, launch, commit, PeerModelsCommand(),
};
root.SetAction((parsed, cancellation) =>
{
    using var progress = new TerminalProgress();
    var contest = new Contest
    {
        Model = ArtifactFolder.Open(parsed.GetRequiredValue(model), verifyHashes: false),
        Program = parsed.GetRequiredValue(program),
        Peers = Peers(parsed.GetValue(peerModels), parsed.GetValue(llamaSharp), parsed.GetValue(genAi)),
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

static Command PeerModelsCommand()
{
    var folder = new Argument<string>("folder") { Description = "where to write them" };
    var command = new Command("peer-models", "Writes a random llama of our size for every peer in every precision.") { folder };
    command.SetAction((parsed, cancellation) =>
    {
        PeerModels.Write(new(), parsed.GetRequiredValue(folder), cancellation);
        return Task.FromResult(ExitCode.Done);
    });
    return command;
}

static Peer[] Peers(string? models, string? llamaSharp, string? genAi)
{
    if (models is null != (llamaSharp is null && genAi is null))
        throw new BadInputException("--peer-models", "it goes with --llamasharp and --genai", "give it and one of them, or none");
    List<Peer> peers = [];
    if (genAi is not null) peers.Add(new("genai", genAi, precision => PeerModels.GenAi(models!, precision)));
    if (llamaSharp is not null) peers.Add(new("llama.cpp", llamaSharp, precision => PeerModels.Gguf(models!, precision)));
    return [.. peers];
}

static int Within(string option, int value, int least, int most) => value >= least && value <= most ? value
    : throw new BadInputException(option, $"{value} is not within {least} to {most}", "choose another");

static int[] Threads(string list) => [.. list.Split(',').Select(text =>
    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 1024 ? count
        : throw new BadInputException("--threads", $"{Untrusted.Quote(list)} is not a list of numbers from 1 to 1024", "give 1,2 say"))
    .Distinct()];
