using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero logits</c>: the logits of a prompt's stream bytes, as safetensors.</summary>
internal static class LogitsCommand
{
    public static Command Create()
    {
        var input = new Option<string>("--input") { Description = "the prompt's bytes; an empty file is a single 0x00", Required = true };
        var slots = Values.Whole<int>("--prefix-slots", "slots of it that are prefix [all but the last 1 to K bytes]");
        var output = new Option<string>("--output")
        {
            Description = "safetensors file to write: \"logits\" [stream bytes, 258], float32; a row more of the origin where there is one",
            Required = true,
        };
        var command = new Command("logits", "Writes the logits of a prompt.") { input, slots, output };
        var model = new ModelArguments(command);
        command.SetAction((parsed, cancellation) =>
        {
            OutputFile.RequireWritable(parsed.GetRequiredValue(output));
            var bytes = InputBytes.Read(parsed.GetRequiredValue(input), cancellation);
            if (bytes.Length == 0) bytes = [0];
            using var loaded = model.Load(parsed, cancellation);
            var split = PromptSplit.Of(bytes.Length, loaded.SlotBytes, parsed.GetValue(slots));
            Require(split.PrefixSlots, DecodingSession.MaxPrefixSlots, "prefix slots");
            Require(split.StreamBytes, DecodingSession.MaxStreamBytes, "stream bytes");
            using var progress = new TerminalProgress();
            progress.Report($"computing logits of {split.StreamBytes:N0} stream bytes after {split.PrefixSlots:N0} prefix slots");
            using var session = loaded.OpenSession();
            var logits = session.Prefill(bytes.AsSpan(0, split.PrefixBytes), bytes.AsSpan(split.PrefixBytes), cancellation);
            var writer = new SafetensorsWriter(new Dictionary<string, string>
            {
                ["prefix_slots"] = split.PrefixSlots.ToString(CultureInfo.InvariantCulture),
                ["variant"] = loaded.Variant.Name,
            });
            writer.Add("logits", [logits.Rows, logits.Vocabulary], logits.Data.ToArray());
            writer.Write(parsed.GetRequiredValue(output));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void Require(int actual, int most, string what)
    {
        if (actual > most)
        {
            throw new BadInputException("input", $"it makes {actual:N0} {what}, at most {most:N0} are possible",
                "use a shorter input or another --prefix-slots");
        }
    }
}
