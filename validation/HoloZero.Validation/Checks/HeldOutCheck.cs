using HoloZero.Reference;
using HoloZero.Validation.Goldens;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>
/// Bits per byte of text that the checkpoint never saw: all of it against the published number, its start against float64.
/// </summary>
internal static class HeldOutCheck
{
    /// <summary>The reference takes a second for some of these.</summary>
    private const int ReferenceWindows = 4;

    public static CheckResult Run(GraphRunner runner, HeldOut heldOut, int slotBytes, ReferenceModel? reference,
        Tolerances tolerances,
        string scope, CancellationToken cancellation)
    {
        var misses = new TensorMisses();
        var metrics = new Dictionary<string, double>();
        VariantRun.Try(misses, "held-out text", () =>
        {
            var (bits, predicted, largest) = (0.0, 0L, 0.0);
            var (first, firstExpected) = (0.0, 0.0);
            var prefixBytes = heldOut.PrefixSlots * slotBytes;
            var window = 0;
            for (var start = 0;
                start + prefixBytes + heldOut.StreamBytes <= heldOut.Text.Length;
                start += heldOut.StreamBytes - 1, window++)
            {
                cancellation.ThrowIfCancellationRequested();
                var prefix = heldOut.Text.AsSpan(start, prefixBytes);
                var stream = heldOut.Text.AsSpan(start + prefixBytes, heldOut.StreamBytes);
                using var output = runner.Run(prefix, stream);
                var logits = VariantRun.Values(output.Logits, 1, stream.Length);
                var spent = Probability.Bits(logits, stream);
                (bits, predicted) = (bits + spent, predicted + stream.Length - 1);
                foreach (var logit in logits) largest = Math.Max(largest, Math.Abs(logit));
                if (reference is null || window >= ReferenceWindows) continue;
                (first, firstExpected) = (
                    first + spent, firstExpected + Probability.Bits(reference.Forward(prefix, stream).Logits.Data, stream));
            }

            // Even a graph gone wild must not loosen its own limit: a thousand is far beyond the logits of any trained network.
            var limit = tolerances.Logits(Math.Min(largest, 1000));
            misses.Compare($"held-out text, {predicted} bytes, bits/byte", [], [bits / predicted], [heldOut.BitsPerByte],
                tolerances.HeldOut(limit, predicted, heldOut.BitsPerByte) + 0.5 * Math.Pow(10, -heldOut.Digits));
            (metrics[ProviderComparison.BitsMetric], metrics["golden_bits_per_byte"], metrics["bytes"]) =
                (bits / predicted, heldOut.BitsPerByte, predicted);
            if (reference is null) return;

            var count = Math.Min(window, ReferenceWindows) * (heldOut.StreamBytes - 1);
            misses.Compare($"held-out text, first {count} bytes, bits/byte against float64", [], [first / count], [firstExpected / count],
                Tolerances.BitsPerByte(limit, count));
        });
        return new(CheckNames.BitsPerByte, "held-out text", misses, metrics) { Scope = scope, Worst = misses.Worst };
    }
}
