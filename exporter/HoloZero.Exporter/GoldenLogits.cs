using System.Globalization;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Exporter;

/// <summary><c>golden.safetensors</c>: prompts and logits, with which a deployed artifact can be checked on its own machine.</summary>
internal static class GoldenLogits
{
    public const string FileName = "golden.safetensors";

    /// <summary>Writes prompts of several lengths and scripts, for several splits into prefix and stream.</summary>
    public static void Write(string path, AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, IReferenceEngine engine,
        CancellationToken cancellation)
    {
        var cases = Cases(config.SlotBytes).ToArray();
        var writer = new SafetensorsWriter(cases.ToDictionary(
            c => $"{c.Name}.prefix_slots", c => c.PrefixSlots.ToString(CultureInfo.InvariantCulture)));
        foreach (var (name, bytes, slots) in cases)
        {
            var split = slots * config.SlotBytes;
            var logits = engine.Logits(config, weights, bytes[..split], bytes[split..], cancellation);
            writer.Add($"{name}.logits", [logits.Length / AsymDecConfig.Vocabulary, AsymDecConfig.Vocabulary], logits);
        }

        foreach (var (name, bytes, _) in cases) writer.Add($"{name}.bytes", [bytes.Length], bytes);
        writer.Write(path);
    }

    private static IEnumerable<(string Name, byte[] Bytes, int PrefixSlots)> Cases(int slotBytes)
    {
        var english = Encoding.UTF8.GetBytes("In the beginning was the byte, and the byte was with the model.");
        var korean = Encoding.UTF8.GetBytes("바이트는 모두 같다.");
        var binary = Enumerable.Range(0, 48).Select(i => (byte)(i * 83 + 7)).ToArray();
        yield return ("one", [0x41], 0);
        yield return ("english", english, (english.Length - 1) / slotBytes);
        yield return ("english_stream", english, 0);
        yield return ("korean", korean, (korean.Length - 1) / slotBytes);
        yield return ("binary_half", binary, binary.Length / 2 / slotBytes);
    }
}
