using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>What is told of each byte's probability, against logits that sessions give and a softmax of the test's own.</summary>
public sealed class PredictionTests(TinyArtifacts tiny)
{
    private static readonly byte[] Prompt = [.. "And the LORD said unto Moses, "u8];

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(20)]
    public async Task Every_byte_has_its_own_and_bytes_do_not_depend_on_it(int? likeliest)
    {
        using var model = HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal));
        await using var generator = new ByteGenerator(model);
        var options = new GenerationOptions
        {
            MaxBytes = 40,
            Sampling = new() { Seed = 3, Temperature = 2, LogitBias = new Dictionary<int, float> { [65] = 2 } },
            Window = new() { StreamBytes = 64 },
        };
        var plain = await CollectAsync(generator.GenerateAsync(Prompt, options));
        foreach (var source in (IAsyncEnumerable<GenerationChunk>[])[
            generator.GenerateAsync(Prompt, options with { Likeliest = likeliest }),
            model.GenerateAsync(Prompt, options with { Likeliest = likeliest })])
        {
            var told = await CollectAsync(source);
            Assert.Equal(plain.Bytes, told.Bytes);
            Assert.Equal(likeliest is null ? 0 : told.Bytes.Count, told.Predictions.Count);
            if (likeliest is { } count) RequireTrue(model, told.Bytes, told.Predictions, count);
        }
    }

    [Fact]
    public async Task A_stop_sequence_takes_its_own_away()
    {
        using var model = HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal));
        var options = new GenerationOptions { MaxBytes = 60, Sampling = new() { Seed = 3 }, Likeliest = 0 };
        var (bytes, predictions) = await CollectAsync(model.GenerateAsync(Prompt, options));
        var stopped = await CollectAsync(model.GenerateAsync(Prompt, options with { Stop = new([bytes.ToArray().AsMemory(20, 3)]) }));
        Assert.InRange(stopped.Bytes.Count, 1, 20);
        Assert.Equal(predictions.Take(stopped.Bytes.Count).Select(p => p.Logprob), stopped.Predictions.Select(p => p.Logprob));
    }

    [Fact]
    public void Those_of_a_text_sum_up_to_its_score()
    {
        using var model = HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal));
        var predictions = Scoring.Predict(model, Prompt, likeliest: 2);
        var score = Scoring.Score(model, Prompt);
        Assert.Equal(score.Bytes, predictions.Count);
        Assert.Equal(-score.BitsPerByte * score.Bytes, predictions.Sum(p => p.Logprob) / Math.Log(2), 1e-9);
        Assert.Empty(Scoring.Predict(model, "a"u8, 0));
    }

    [Fact]
    public void Absurd_demands_are_refused()
    {
        using var model = HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal));
        var error = Assert.Throws<BadInputException>(() => model.GenerateAsync(Prompt, new() { MaxBytes = 1, Likeliest = 21 }));
        Assert.Equal("likeliest: is 21, allowed are 0 to 20; leave it out for none", error.Message);
        Assert.Throws<BadInputException>(() => Scoring.Predict(model, Prompt, -1));
        Assert.Throws<BadInputException>(() => Scoring.Predict(model, [], 0));
        Assert.Throws<BadInputException>(() => Scoring.Predict(model, new byte[ScoreOptions.LongestSingleStream + 1], 0));
    }

    private static void RequireTrue(HoloZeroModel model, List<byte> bytes, List<BytePrediction> predictions, int likeliest)
    {
        var split = PromptSplit.Of(Prompt.Length, model.SlotBytes);
        using var session = model.OpenSession();
        var logits = session.Prefill(Prompt.AsSpan(0, split.PrefixBytes), Prompt.AsSpan(split.PrefixBytes)).Last.ToArray();
        for (var i = 0; i < bytes.Count; i++)
        {
            var total = logits.Sum(logit => Math.Exp(logit));
            var expected = logits.Select(logit => Math.Log(Math.Exp(logit) / total)).ToArray();
            Assert.Equal(expected[bytes[i]], predictions[i].Logprob, 1e-6);
            var ranked = Enumerable.Range(0, 258).Where(id => id != 256).OrderByDescending(id => logits[id]).ThenBy(id => id);
            Assert.Equal(ranked.Take(likeliest), predictions[i].Likeliest.Select(item => item.Id));
            Assert.All(predictions[i].Likeliest, item => Assert.Equal(expected[item.Id], item.Logprob, 1e-6));
            logits = session.Step(bytes[i]).ToArray();
        }
    }

    private static async Task<(List<byte> Bytes, List<BytePrediction> Predictions)> CollectAsync(IAsyncEnumerable<GenerationChunk> chunks)
    {
        var (bytes, predictions) = (new List<byte>(), new List<BytePrediction>());
        await foreach (var chunk in chunks)
        {
            bytes.AddRange(chunk.Bytes.Span);
            predictions.AddRange(chunk.Predictions);
        }

        return (bytes, predictions);
    }
}
