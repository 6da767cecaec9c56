using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>The eight readings of tiny.pt through exported graphs and the runtime, against published PyTorch code.</summary>
public sealed class ReadingParityTests : IDisposable
{
    private const double Tolerance = 1e-5;

    private ExportedModel? _exported;

    public static TheoryData<string, string> Readings { get; } =
        new(Reading.All.SelectMany(reading =>
            (ValueTuple<string, string>[])[(reading.ToString(), "fp32"), (reading.ToString(), "portable")]));

    public void Dispose() => _exported?.Dispose();

    [Theory]
    [MemberData(nameof(Readings))]
    public void Prefills_and_steps_give_the_published_logits(string name, string variant)
    {
        var (reading, model) = Load(name, variant);
        using (model)
        {
            Assert.Equal(reading.StreamOrigin == StreamOrigin.Zero, model.HasStreamOrigin);
            Assert.All(SelfCheck.Run(model), test => Assert.True(test.Passed, $"{test}"));
            using var session = model.OpenSession();
            foreach (var test in ReadingGoldens.All.Where(test => test.Reading == reading))
            {
                var whole = session.Prefill(test.Prefix, test.Stream);
                Assert.Equal(test.Stream.Length + test.OriginRows, whole.Rows);
                Assert.Null(TensorComparison.Mismatch<float, double>(test.ToString(), whole.Data, test.Logits, Tolerance));
                for (var i = 0; i < test.Stream.Length; i++)
                {
                    var row = i == 0 ? session.Prefill(test.Prefix, test.Stream.AsSpan(0, 1)).Last : session.Step(test.Stream[i]);
                    Assert.Null(TensorComparison.Mismatch<float, double>($"{test} step {i}", row, Row(test, i), Tolerance));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Readings))]
    public void An_origin_alone_predicts_the_first_byte(string name, string variant)
    {
        var (reading, model) = Load(name, variant);
        using (model)
        using (var session = model.OpenSession())
        {
            var test = ReadingGoldens.All.Single(test => test.Reading == reading && test.Name == "long_half");
            if (reading.StreamOrigin == StreamOrigin.Bare)
            {
                Assert.Throws<ArgumentException>(() => { session.Prefill(test.Prefix, []); });
                return;
            }

            Assert.Null(TensorComparison.Mismatch<float, double>(name, session.Prefill(test.Prefix, []).Last,
                test.Logits.AsSpan(0, ByteVocabulary.Size), Tolerance));
        }
    }

    /// <summary>Rows at different positions with different numbers of prefix slots, in one call.</summary>
    [Theory]
    [MemberData(nameof(Readings))]
    public void Batches_give_each_row_its_own(string name, string variant)
    {
        if (variant == "portable") return;
        var (reading, model) = Load(name, variant);
        using (model)
        {
            ReadingCase[] rows = [.. ReadingGoldens.All.Where(test => test.Reading == reading && test.Stream.Length > 1)];
            Assert.True(rows.Length >= 2 && rows.Select(test => test.Prefix.Length).Distinct().Count() > 1);
            using var batch = model.OpenBatch(rows.Length);
            for (var row = 0; row < rows.Length; row++)
            {
                using var session = model.OpenSession();
                session.Prefill(rows[row].Prefix, rows[row].Stream.AsSpan(0, 1));
                using var snapshot = session.Snapshot();
                batch.Restore(row, snapshot);
            }

            for (var i = 1; i < rows.Max(test => test.Stream.Length); i++)
            {
                var logits = batch.Step([.. rows.Select(test => test.Stream.ElementAtOrDefault(i))]).ToArray();
                for (var row = 0; row < rows.Length; row++)
                {
                    if (i >= rows[row].Stream.Length) continue;
                    Assert.Null(TensorComparison.Mismatch<float, double>($"{rows[row]} step {i}",
                        logits.AsSpan(row * ByteVocabulary.Size, ByteVocabulary.Size), Row(rows[row], i), Tolerance));
                }
            }
        }
    }

    /// <summary>
    /// Across re-packing, prefills in pieces, and the prefix cache: the bytes of a session that is prefilled anew for each.
    /// </summary>
    [Theory]
    [MemberData(nameof(Readings))]
    public async Task Generations_are_those_of_fresh_prefills(string name, string variant)
    {
        const int bytes = 60;
        var (reading, model) = Load(name, variant, new ModelOptions { PrefillChunkBytes = 4 });
        using (model)
        {
            var window = new ContextWindowOptions { StreamBytes = 24, MaxPrefixSlots = 9, KeptStreamBytes = 7 };
            var options = new GenerationOptions { MaxBytes = bytes, Sampling = new() { Greedy = true, AllowEos = false } };
            byte[] prompt = [.. ReadingGoldens.All.Single(test => test.Reading == reading && test.Name == "long_half").Prefix[..41]];
            await using var generator = new ByteGenerator(model, new() { MaxRows = variant == "portable" ? 1 : 3, Window = window });
            var written = await Task.WhenAll(Enumerable.Range(0, 3).Select(async row =>
                (await generator.GenerateAsync(prompt.AsMemory(row), options).ToListAsync()).SelectMany(chunk =>
                    chunk.Bytes.ToArray()).ToArray()));
            for (var row = 0; row < written.Length; row++)
            {
                Assert.Equal(bytes, written[row].Length);
                // The one-session loop re-packs at the same bytes; portable graphs sum in another order where pieces are others.
                if (variant == "fp32")
                {
                    var alone = await model.GenerateAsync(prompt.AsMemory(row), options with { Window = window }).ToListAsync();
                    Assert.Equal(written[row], alone.SelectMany(chunk => chunk.Bytes.ToArray()));
                }

                var context = new ContextWindow(model.SlotBytes, window, prompt.AsSpan(row));
                if (reading.StreamOrigin == StreamOrigin.Zero)
                {
                    // A byte of the stream is the origin, so the window of bytes is one shorter.
                    context = new(model.SlotBytes, window with { StreamBytes = 23 }, prompt.AsSpan(row));
                }

                using var session = model.OpenSession();
                foreach (var next in written[row])
                {
                    var logits = session.Prefill(context.Prefix, context.Stream).Last[..256];
                    // Within what two orders of summing differ by, it is the likeliest.
                    var largest = float.MinValue;
                    foreach (var logit in logits) largest = Math.Max(largest, logit);
                    Assert.InRange(logits[next], largest - 1e-4f, largest);
                    context.Append(next);
                }
            }
        }
    }

    private static double[] Row(ReadingCase test, int streamByte) =>
        test.Logits.AsSpan((streamByte + test.OriginRows) * ByteVocabulary.Size,
        ByteVocabulary.Size).ToArray();

    private (Reading Reading, HoloZeroModel Model) Load(string name, string variant, ModelOptions? options = null)
    {
        var reading = Reading.All.Single(reading => reading.ToString() == name);
        _exported = new(Repository.Golden("tiny.pt"), reading, new() { Variants = [variant] });
        return (reading, HoloZeroModel.Load(_exported.Folder, options));
    }
}
