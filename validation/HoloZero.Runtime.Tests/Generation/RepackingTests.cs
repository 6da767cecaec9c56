using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>Generations that run through many windows against the same rule with no cache and no incremental window.</summary>
public sealed class RepackingTests(TinyArtifacts tiny)
{
    private const int Bytes = 600;

    /// <summary>
    /// A row that goes alone and one of a prefill differ in the last bits, so a draw within a millionth of a border may go either way: once
    /// in thousands of bytes. A wrong layout changes hundreds.
    /// </summary>
    private const int MostOthers = 2;

    private static readonly ContextWindowOptions Window = new() { StreamBytes = 48, MaxPrefixSlots = 40 };
    private static readonly byte[] Prompt = [.. "In the beginning was the byte, and nothing but bytes."u8];

    [Theory]
    [InlineData(PrefixAttention.Causal, null)]
    [InlineData(PrefixAttention.Causal, 7)]
    [InlineData(PrefixAttention.Bidirectional, null)]
    public async Task Greedy_bytes_are_those_without_a_cache(PrefixAttention attention, int? prefixSlots) =>
        // The penalty keeps greedy decoding from running round in a circle, in which mistakes would not show.
        await AssertSame(attention,
            new() { Greedy = true, AllowEos = false, RepetitionPenalty = 1.5, RepetitionWindow = 300 }, prefixSlots);

    [Theory]
    [InlineData(PrefixAttention.Causal)]
    [InlineData(PrefixAttention.Bidirectional)]
    public async Task Sampled_bytes_are_those_without_a_cache(PrefixAttention attention) =>
        await AssertSame(attention, new() { Seed = 7, AllowEos = false, Temperature = 0.8 }, null);

    private async Task AssertSame(PrefixAttention attention, SamplingOptions sampling, int? prefixSlots)
    {
        using var model = HoloZeroModel.Load(tiny.Folder(attention), new() { Threads = 1 });
        var options = new GenerationOptions { MaxBytes = Bytes, Sampling = sampling, Window = Window, PrefixSlots = prefixSlots };
        var actual = new List<byte>();
        await foreach (var chunk in model.GenerateAsync(Prompt, options, TestContext.Current.CancellationToken))
            actual.AddRange(chunk.Bytes.Span);

        Assert.Equal(Bytes, actual.Count);
        Assert.True(actual.Distinct().Count() > 50, "the bytes hardly vary");
        var others = OthersWithoutCache(model, sampling, prefixSlots, actual);
        Assert.True(others.Count <= MostOthers, $"other bytes are chosen without a cache at {string.Join(", ", others.Take(20))}");
    }

    /// <summary>
    /// Where another byte is chosen by the layout from the whole history, a session of its own, and one prefill, the bytes before it being
    /// the same.
    /// </summary>
    private static List<int> OthersWithoutCache(HoloZeroModel model, SamplingOptions sampling, int? prefixSlots, List<byte> actual)
    {
        var (sampler, others) = (new ByteSampler(sampling), new List<int>());
        sampler.Observe(Prompt);
        var history = Prompt.ToList();
        for (var i = 0; i < actual.Count; i++)
        {
            var (prefix, stream) = Layout([.. history], model.SlotBytes, prefixSlots ?? (Prompt.Length - 1) / model.SlotBytes);
            using var session = model.OpenSession();
            if (sampler.Sample(session.Prefill(prefix, stream).Last) != actual[i]) others.Add(i);
            sampler.Observe(actual[i]);
            history.Add(actual[i]);
        }

        return others;
    }

    /// <summary>
    /// The rule as written down: whenever the stream has L > W bytes, its max(floor((L - R) / K), ceil((L - W) / K)) oldest groups of K
    /// become slots, and of all slots the newest M are kept. R is half of this window, as that is below 32.
    /// </summary>
    private static (byte[] Prefix, byte[] Stream) Layout(byte[] history, int k, int slots)
    {
        var (w, m) = (Window.StreamBytes, Window.MaxPrefixSlots);
        var (start, border) = (0, slots * k);
        for (var length = Prompt.Length; length <= history.Length; length++)
        {
            var stream = length - border;
            if (stream > w)
            {
                var kept = Math.Floor((stream - w / 2) / (double)k);
                var fit = Math.Ceiling((stream - w) / (double)k);
                border += k * (int)Math.Max(kept, fit);
            }

            start = Math.Max(start, border - m * k);
        }

        return (history[start..border], history[border..]);
    }
}
