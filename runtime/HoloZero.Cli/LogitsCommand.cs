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
        var slots = new Option<int?>("--prefix-slots") { Description = "slots of it that are prefix [all but the last 1 to K bytes]" };
        var output = new Option<string>("--output") { Description = "safetensors file to write: \"logits\" [stream bytes, 258], float32", Required = true };
        var command = new Command("logits", "Writes the logits of a prompt.") { input, slots, output };
        var model = new ModelArguments(command);
        command.SetAction((parsed, cancellation) =>
        {
            var bytes = InputBytes.Read(parsed.GetRequiredValue(input));
            if (bytes.Length == 0) bytes = [0];
            using var loaded = model.Load(parsed);
            var split = PromptSplit.Of(bytes.Length, loaded.SlotBytes, parsed.GetValue(slots));
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
}
