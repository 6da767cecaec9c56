using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Reference;

/// <summary>Activations of the float64 reference. Stateless and thread-safe.</summary>
public sealed class ReferenceActivations : IActivationMeter
{
    private const int Sequences = 16, MostWindows = 32;
    private const int StreamBytes = 128, PrefixBytes = 64;

    /// <inheritdoc/>
    public byte[] Write(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, CancellationToken cancellation)
    {
        var op = new ReferenceModel(config, weights).Operations(observe: null, cancellation);
        var length = WindowBytes(config);
        var text = new byte[Sequences * length];
        var random = new ulong[Sequences];
        for (var row = 0; row < Sequences; row++)
        {
            // First bytes from all over the table, so that sequences differ from the start.
            random[row] = SplitMix64.Mix((ulong)row);
            text[row * length] = (byte)(row * (256 / Sequences) + 1);
        }

        var state = AsymDecState.Layout(config).Select(tensor => DoubleTensor.Zeros(tensor.ShapeFor(Sequences, past: 0).Dimensions));
        for (var position = 0; position + 1 < length; position++)
        {
            cancellation.ThrowIfCancellationRequested();
            var stream = new DoubleTensor([.. Enumerable.Range(0, Sequences).Select(row => (double)text[row * length + position])],
                Sequences, 1);
            var output = AsymDec.Forward(op, config, DoubleTensor.Zeros(Sequences, 0), stream, state);
            state = output.State;
            for (var row = 0; row < Sequences; row++)
            {
                var logits = output.Logits.Data.AsSpan(row * AsymDecConfig.Vocabulary, ByteVocabulary.Bytes);
                text[row * length + position + 1] = Draw(logits, SplitMix64.Next(ref random[row]));
            }
        }

        return text;
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, ActivationRange> Measure(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights,
        ReadOnlyMemory<byte> text, CancellationToken cancellation)
    {
        var length = WindowBytes(config);
        var windows = Math.Min(text.Length / length, MostWindows);
        if (windows < Sequences)
        {
            throw new BadInputException("calibration", $"{text.Length:N0} bytes do not tell what goes into its matrices",
                $"give at least {Sequences * length:N0} bytes of text");
        }

        var (model, ranges) = (new ReferenceModel(config, weights), new Dictionary<string, Channels>(StringComparer.Ordinal));
        var op = model.Operations(Observe, cancellation);
        for (var window = 0; window < windows; window++)
        {
            cancellation.ThrowIfCancellationRequested();
            var start = (int)((long)window * (text.Length - length) / Math.Max(1, windows - 1));
            var bytes = text.Span.Slice(start, length);
            AsymDec.Forward(op, config, ReferenceModel.Row(bytes[..^StreamBytes]), ReferenceModel.Row(bytes[^StreamBytes..]),
                model.FreshState());
        }

        UnlikeText(op, config, model);
        return ranges.ToDictionary(range => range.Key, range => range.Value.ToRange(), StringComparer.Ordinal);

        void Observe(string module, DoubleTensor x)
        {
            if (!ranges.TryGetValue(module, out var channels)) ranges.Add(module, channels = new(x.Shape[^1]));
            channels.Add(x.Data);
        }
    }

    /// <summary>
    /// What no text shows and every network meets: each byte as the first of a stream (a 0x00 stands for an empty prompt), all bytes as
    /// a prefix and in disorder behind it, and nothing but zeros.
    /// </summary>
    private static void UnlikeText(ReferenceOps op, AsymDecConfig config, ReferenceModel model)
    {
        var fresh = AsymDecState.Layout(config).Select(tensor =>
            DoubleTensor.Zeros(tensor.ShapeFor(ByteVocabulary.Bytes, past: 0).Dimensions));
        byte[] bytes = [.. Enumerable.Range(0, ByteVocabulary.Bytes).Select(value => (byte)value)];
        AsymDec.Forward(op, config, DoubleTensor.Zeros(ByteVocabulary.Bytes, 0), new([.. bytes.Select(value => (double)value)],
            ByteVocabulary.Bytes, 1), fresh);

        var prefix = Math.Max(1, bytes.Length / config.SlotBytes) * config.SlotBytes;
        byte[] disorder = [.. bytes.Select(value => (byte)(value * 83 + 7))];
        foreach (var (slots, stream) in ((byte[], byte[])[])[(Repeated(bytes), disorder), (new byte[prefix], new byte[StreamBytes])])
            AsymDec.Forward(op, config, ReferenceModel.Row(slots), ReferenceModel.Row(stream), model.FreshState());

        byte[] Repeated(byte[] values) => [.. Enumerable.Range(0, prefix).Select(i => values[i % values.Length])];
    }

    /// <summary>Some whole prefix slots, and stream bytes.</summary>
    private static int WindowBytes(AsymDecConfig config) => Math.Max(1, PrefixBytes / config.SlotBytes) * config.SlotBytes + StreamBytes;

    /// <summary>A byte with the probability that the logits give it among bytes.</summary>
    private static byte Draw(ReadOnlySpan<double> logits, ulong bits)
    {
        var largest = double.NegativeInfinity;
        foreach (var logit in logits) largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - largest);
        var rest = (bits >> 11) * Math.ScaleB(1, -53) * sum;
        for (var value = 0; value < logits.Length; value++)
        {
            rest -= Math.Exp(logits[value] - largest);
            if (rest < 0) return (byte)value;
        }

        return (byte)(logits.Length - 1);
    }

    private sealed class Channels(int count)
    {
        private readonly double[] _lowest = new double[count], _highest = new double[count];

        public void Add(double[] values)
        {
            for (var i = 0; i < values.Length; i++)
            {
                var (channel, value) = (i % count, values[i]);
                _lowest[channel] = Math.Min(_lowest[channel], value);
                _highest[channel] = Math.Max(_highest[channel], value);
            }
        }

        public ActivationRange ToRange() => new(_lowest, _highest);
    }
}
