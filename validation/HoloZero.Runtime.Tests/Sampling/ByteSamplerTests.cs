using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests;

public class ByteSamplerTests
{
    [Fact]
    public void It_agrees_with_the_textbook_version()
    {
        var random = new Random(20251);
        for (var round = 0; round < 400; round++)
        {
            var options = RandomOptions(random);
            var sampler = new ByteSampler(options);
            var draws = options.Greedy ? null : new ByteRandom(options.Seed!.Value);
            var prompt = RandomBytes(random, random.Next(12));
            var history = prompt.ToList();
            sampler.ObservePrompt(prompt);
            for (var step = 0; step < 10; step++)
            {
                var logits = RandomLogits(random);
                var expected = NaiveSampler.Sample(logits, options, history, draws?.NextDouble() ?? 0, prompt.Length);
                Assert.True(expected == sampler.Sample(logits), $"round {round}, step {step}: expected {expected}; {options}");

                var bytes = RandomBytes(random, random.Next(12));
                history.AddRange(bytes);
                sampler.Observe(bytes);
            }
        }
    }

    /// <summary>The documented steps one number at a time, with all ids: what the vectors and the ids left out must not change.</summary>
    [Fact]
    public void It_draws_what_scalar_code_draws()
    {
        var random = new Random(77);
        for (var round = 0; round < 2_000; round++)
        {
            var options = new SamplingOptions
            {
                Seed = (ulong)round,
                Temperature = Math.Pow(10, random.NextDouble() * 4 - 3),
                TopK = random.Next(2) == 0 ? random.Next(1, 258) : 0,
                TopP = random.Next(2) == 0 ? 1 - random.NextDouble() / 10 : 1,
                MinP = random.Next(2) == 0 ? Math.Pow(10, -20 * random.NextDouble()) : 0,
            };
            var (sampler, draws) = (new ByteSampler(options), new ByteRandom(options.Seed!.Value));
            for (var step = 0; step < 5; step++)
            {
                var logits = RandomLogits(random);
                var x = logits.ToArray();
                x[256] = float.NegativeInfinity;
                var ids = Enumerable.Range(0, 258).Where(id => !float.IsNegativeInfinity(x[id])).OrderByDescending(id => x[id])
                    .Take(options.TopK is 0 or null ? 258 : options.TopK.Value).ToArray();
                var weights = ids.Select(id => PortableExp.Exp(((double)x[id] - x[ids[0]]) / options.Temperature!.Value)).ToArray();
                var sum = 0.0;
                var sums = weights.Select(w => sum += w).ToArray();
                var nucleus = 1 + sums.TakeWhile(s => s < options.TopP * sum).Count();
                var kept = Math.Min(nucleus, weights.TakeWhile(w => w >= options.MinP).Count());
                var target = draws.NextDouble() * weights.Take(kept).Aggregate(0.0, (total, w) => total + w);
                var running = 0.0;
                var expected = ids.Zip(weights).First(pair => (running += pair.Second) > target).First;
                Assert.Equal(expected, sampler.Sample(logits));
            }
        }
    }

    [Fact]
    public void A_negligible_weight_changes_no_sum()
    {
        var weight = PortableExp.Exp(ByteSampler.NegligibleExponent);
        Assert.True(weight > 0);
        Assert.Equal(1.0, 1.0 + weight);
    }

    [Fact]
    public void Ids_crowded_far_below_the_first_are_ranked_all_the_same()
    {
        // One outlier makes all others fall into one place of the first sorting; only the last keeps them apart.
        var logits = Enumerable.Range(0, 258).Select(id => -30 + id % 16 * 4e-6f).ToArray();
        logits[3] = 0;
        var ranked = Enumerable.Range(0, 258).Where(id => id != 256).OrderByDescending(id => logits[id]).ToArray();
        foreach (var k in (int[])[1, 2, 17, 40])
            Assert.Equal(ranked.Take(k).Order(), Reachable(new() { TopK = k, Temperature = 1e4 }, logits));
    }

    [Fact]
    public void Draws_follow_the_softmax()
    {
        const int draws = 200_000;
        var random = new Random(4);
        var logits = Enumerable.Range(0, 258).Select(_ => (float)(random.NextDouble() * 2)).ToArray();
        logits[256] = 50;
        var sampler = new ByteSampler(new() { Seed = 12, Temperature = 0.7 });
        var counts = new int[258];
        for (var i = 0; i < draws; i++) counts[sampler.Sample(logits)]++;

        Assert.Equal(0, counts[256]);
        var weights = logits.Select((x, id) => id == 256 ? 0 : Math.Exp(x / 0.7)).ToArray();
        var chiSquare = 0.0;
        foreach (var id in Enumerable.Range(0, 258).Where(id => id != 256))
        {
            var expected = draws * weights[id] / weights.Sum();
            Assert.True(expected > 20);
            chiSquare += (counts[id] - expected) * (counts[id] - expected) / expected;
        }

        // 256 degrees of freedom: mean 256, standard deviation 22.6.
        Assert.InRange(chiSquare, 256 - 3 * 22.6, 256 + 3 * 22.6);
    }

    /// <summary>
    /// What seeds gave in version 0.1.0; a port of the documented steps to Python gave the same. A change here breaks every run
    /// that someone means to repeat.
    /// </summary>
    [Theory]
    [InlineData(1UL, "plain",
        "92 112 142 4 118 41 103 226 53 39 121 49 121 67 61 166 103 213 199 199 122 197 82 115")]
    [InlineData(2UL, "plain",
        "249 87 54 125 200 178 120 11 82 125 125 115 200 40 238 249 67 87 4 4 37 213 54 67")]
    [InlineData(1UL, "filtered",
        "30 149 115 178 30 103 199 178 39 172 82 64 82 232 226 142 199 167 37 199 237 149 226 11")]
    [InlineData(1UL, "penalized",
        "41 103 8 199 178 37 32 41 237 8 167 145 178 249 41 11 37 8 32 199 54 11 178 249")]
    public void What_a_seed_gives_is_pinned(ulong seed, string kind, string expected)
    {
        var bias = new Dictionary<int, float> { [32] = 2 };
        var sampler = new ByteSampler(kind switch
        {
            "plain" => new() { Seed = seed },
            "filtered" => new() { Seed = seed, Temperature = 0.8, TopK = 40, TopP = 0.9, MinP = 0.02, AllowEos = false },
            _ => new() { Seed = seed, TopK = 8, RepetitionPenalty = 1.3, RepetitionWindow = 5, LogitBias = bias },
        });

        // Logits by integer arithmetic alone: -4 to 4 in steps of 1/64.
        var state = 99UL;
        var logits = Enumerable.Range(0, 258).Select(_ => ((int)(SplitMix64.Next(ref state) % 513) - 256) / 64f).ToArray();
        var ids = new List<int>();
        for (var step = 0; step < 24; step++)
        {
            ids.Add(sampler.Sample(logits));
            if (ids[^1] < 256) sampler.Observe((byte)ids[^1]);
        }

        Assert.Equal(expected, string.Join(' ', ids));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Equal_logits_go_to_the_lower_id(bool greedy)
    {
        var sampler = new ByteSampler(greedy ? new() { Greedy = true } : new() { Seed = 1, TopK = 1 });
        Assert.Equal(0, sampler.Sample(new float[258]));
        Assert.Equal(7, sampler.Sample(Logits(-1, (200, 3), (7, 3), (8, 3))));
        Assert.Equal(4, sampler.Sample(Logits(-1, (9, 0f), (4, -0f))));
        Assert.Equal(3, sampler.Sample(Logits(-1, (9, -0f), (3, 0f))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_negative_logit_that_underflows_equals_zero(bool greedy)
    {
        var options = new SamplingOptions { RepetitionPenalty = 0.01 };
        var sampler = new ByteSampler(greedy ? options with { Greedy = true } : options with { Seed = 1, TopK = 1 });
        sampler.Observe(4);
        Assert.Equal(4, sampler.Sample(Logits(-1, (9, 0), (4, -float.Epsilon))));
    }

    [Fact]
    public void Mask_is_never_chosen()
    {
        var logits = Logits(-5, (256, 100), (65, 1));
        Assert.Equal(65, new ByteSampler(new() { Greedy = true }).Sample(logits));
        Assert.Equal(65, new ByteSampler(new() { Seed = 1, TopK = 1 }).Sample(logits));
    }

    [Theory]
    [InlineData(true, 257)]
    [InlineData(false, 65)]
    public void Eos_is_chosen_only_if_allowed(bool allowed, int expected)
    {
        var logits = Logits(-5, (257, 100), (65, 99));
        Assert.Equal(expected, new ByteSampler(new() { Greedy = true, AllowEos = allowed }).Sample(logits));
        Assert.Equal(expected, new ByteSampler(new() { Seed = 1, TopK = 1, AllowEos = allowed }).Sample(logits));
    }

    [Theory]
    [InlineData(0, float.NaN)]
    [InlineData(255, float.PositiveInfinity)]
    [InlineData(256, float.NaN)]
    [InlineData(257, float.NaN)]
    public void Broken_logits_are_named_and_nothing_is_drawn(int id, float value)
    {
        var (sampler, untouched) = (new ByteSampler(new() { Seed = 1 }), new ByteSampler(new() { Seed = 1 }));
        var error = Assert.Throws<InvalidLogitsException>(() => sampler.Sample(Logits(0, (id, value))));
        Assert.Contains($"id {id} is {(float.IsNaN(value) ? "NaN" : "Infinity")}", error.Message);
        Assert.Throws<InvalidLogitsException>(() => new ByteSampler(new() { Greedy = true }).Sample(Logits(0, (id, value))));
        Assert.Equal(Draws(untouched, new float[258], 5), Draws(sampler, new float[258], 5));
    }

    [Fact]
    public void With_nothing_left_it_says_so()
    {
        var logits = Logits(float.NegativeInfinity, (256, 1), (65, 1), (257, 1));
        var bias = new Dictionary<int, float> { [65] = float.NegativeInfinity };
        foreach (var options in new SamplingOptions[] { new() { Greedy = true }, new() { Seed = 1 } })
        {
            Assert.Equal(65, new ByteSampler(options with { AllowEos = false }).Sample(logits));
            Assert.Equal(257, new ByteSampler(options with { LogitBias = bias }).Sample(logits));
            var sampler = new ByteSampler(options with { AllowEos = false, LogitBias = bias });
            Assert.Contains("-inf", Assert.Throws<InvalidLogitsException>(() => sampler.Sample(logits)).Message);
        }
    }

    [Theory]
    [InlineData(257)]
    [InlineData(259)]
    [InlineData(0)]
    public void Another_number_of_logits_is_a_programming_error(int count) =>
        Assert.Throws<ArgumentException>(() => new ByteSampler(new() { Greedy = true }).Sample(new float[count]));

    [Fact]
    public void Extreme_logits_and_temperatures_do_no_harm()
    {
        Assert.Equal([9], Reachable(new(), Logits(-1e30f, (9, 1e30f))));
        Assert.Equal([9], Reachable(new() { Temperature = double.Epsilon }, Logits(float.MinValue, (9, float.MaxValue))));
        Assert.Equal([9], Reachable(new() { Temperature = 1e-300 }, Logits(0, (9, 1e-30f))));
        const float banned = float.NegativeInfinity;
        Assert.Equal([3, 4], Reachable(new() { Temperature = 1e300 }, Logits(banned, (3, float.MinValue), (4, float.MaxValue))));
        Assert.Equal([3, 4], Reachable(new(), Logits(banned, (3, float.MinValue), (4, float.MinValue))));
        var overflow = new Dictionary<int, float> { [5] = float.MaxValue, [6] = float.MaxValue };
        Assert.Equal([5, 6], Reachable(new() { LogitBias = overflow }, Logits(0, (5, float.MaxValue), (6, float.MaxValue))));
    }

    [Fact]
    public void Top_k_keeps_exactly_k_even_among_equals() =>
        Assert.Equal([2, 7, 9], Reachable(new() { TopK = 3 }, Logits(-1, (9, 0), (7, 0), (2, 1), (11, 0))));

    [Theory]
    [InlineData(0.5, new[] { 1, 2 })]
    [InlineData(0.500001, new[] { 1, 2, 3 })]
    [InlineData(1e-9, new[] { 1 })]
    [InlineData(0.25, new[] { 1 })]
    [InlineData(0.999999, new[] { 1, 2, 3, 4 })]
    public void Top_p_keeps_the_id_that_reaches_p(double p, int[] expected) =>
        Assert.Equal(expected, Reachable(new() { TopP = p }, Logits(float.NegativeInfinity, (1, 2), (2, 2), (3, 2), (4, 2))));

    [Fact]
    public void Top_p_is_a_share_of_what_top_k_kept() =>
        Assert.Equal([1], Reachable(new() { TopK = 2, TopP = 0.5 }, Logits(float.NegativeInfinity, (1, 2), (2, 2), (3, 2), (4, 2))));

    [Theory]
    [InlineData(1.0, new[] { 1, 2 })]
    [InlineData(0.367, new[] { 1, 2, 3 })]
    [InlineData(0.368, new[] { 1, 2 })]
    [InlineData(0.0, new[] { 1, 2, 3, 4 })]
    public void Min_p_is_relative_to_the_greatest_probability(double p, int[] expected) =>
        Assert.Equal(expected, Reachable(new() { MinP = p }, Logits(float.NegativeInfinity, (1, 2), (2, 2), (3, 1), (4, 0))));

    [Fact]
    public void Temperature_comes_before_min_p() =>
        Assert.Equal([1, 2, 3], Reachable(new() { MinP = 0.368, Temperature = 2 }, Logits(float.NegativeInfinity, (1, 2), (2, 2), (3, 1))));

    [Fact]
    public void The_penalty_divides_positive_and_multiplies_negative_logits_of_the_window()
    {
        var sampler = new ByteSampler(new() { Greedy = true, RepetitionPenalty = 2, RepetitionWindow = 3 });
        sampler.Observe([10, 20]);
        Assert.Equal(30, sampler.Sample(Logits(-9, (10, 4), (20, 4), (30, 2.5f))));
        Assert.Equal(30, sampler.Sample(Logits(-9, (10, -1), (30, -1.5f))));
        Assert.Equal(10, sampler.Sample(Logits(-9, (10, -1), (30, -2.5f))));

        sampler.Observe([20, 40]);
        Assert.Equal(10, sampler.Sample(Logits(-9, (10, 4), (30, 2.5f))));
        Assert.Equal(30, sampler.Sample(Logits(-9, (20, 4), (30, 2.5f))));

        sampler.Observe(50);
        Assert.Equal(30, sampler.Sample(Logits(-9, (20, 4), (30, 2.5f))));
        sampler.Observe(51);
        Assert.Equal(20, sampler.Sample(Logits(-9, (20, 4), (30, 2.5f))));
    }

    [Fact]
    public void The_penalty_leaves_eos_alone_and_comes_after_the_bias()
    {
        var sampler = new ByteSampler(new() { Greedy = true, RepetitionPenalty = 2, LogitBias = new Dictionary<int, float> { [1] = 5 } });
        sampler.Observe([1]);
        // (-1 + 5) / 2 = 2; the other way around it would be -1 * 2 + 5 = 3.
        Assert.Equal(257, sampler.Sample(Logits(-9, (1, -1), (257, 2.5f))));
    }

    [Fact]
    public void Presence_and_frequency_count_what_was_generated_and_not_the_prompt()
    {
        var sampler = new ByteSampler(new() { Greedy = true, PresencePenalty = 1, FrequencyPenalty = 0.5 });
        sampler.ObservePrompt([1, 1, 1]);
        Assert.Equal(1, sampler.Sample(Logits(-9, (1, 4), (2, 3.9f))));
        sampler.Observe([1]);
        Assert.Equal(1, sampler.Sample(Logits(-9, (1, 4), (2, 2.4f))));
        Assert.Equal(2, sampler.Sample(Logits(-9, (1, 4), (2, 2.6f))));
        var clone = sampler.Clone();
        sampler.Observe(1);
        Assert.Equal(1, sampler.Sample(Logits(-9, (1, 4), (2, 1.9f))));
        Assert.Equal(2, sampler.Sample(Logits(-9, (1, 4), (2, 2.1f))));
        Assert.Equal(1, clone.Sample(Logits(-9, (1, 4), (2, 2.1f))));
    }

    [Fact]
    public void A_clone_goes_on_alike_and_apart()
    {
        var logits = RandomLogits(new Random(5));
        var (sampler, neverCloned) = (Make(), Make());
        var clone = sampler.Clone();
        sampler.Observe([4, 5, 6, 7]);
        Draws(sampler, logits, 100);

        Assert.Equal(DrawsAndBytes(neverCloned), DrawsAndBytes(clone));
        Assert.NotEqual(DrawsAndBytes(Make()), DrawsAndBytes(sampler));
        Assert.Same(sampler.Options, clone.Options);

        ByteSampler Make()
        {
            var made = new ByteSampler(new() { Seed = 8, Temperature = 3, TopK = 200, RepetitionPenalty = 10, RepetitionWindow = 4 });
            made.Observe([1, 2, 3]);
            Draws(made, logits, 3);
            return made;
        }

        int[] DrawsAndBytes(ByteSampler of)
        {
            var ids = new List<int>(Draws(of, logits, 50));
            for (var i = 0; i < 8; i++)
            {
                of.Observe((byte)i);
                ids.AddRange(Draws(of, logits, 50));
            }

            return [.. ids];
        }
    }

    [Fact]
    public void Each_draw_takes_one_random_number()
    {
        var sampler = new ByteSampler(new() { Seed = 6 });
        for (var i = 0; i < 3; i++) sampler.Sample(Logits(float.NegativeInfinity, (1, 0)));
        var random = new ByteRandom(6);
        for (var i = 0; i < 3; i++) random.NextUInt64();
        Assert.Equal((int)(random.NextDouble() * 256), sampler.Sample(Logits(0, (257, float.NegativeInfinity))));
    }

    [Fact]
    public void Sampling_allocates_nothing()
    {
        var logits = RandomLogits(new Random(9));
        var bias = new Dictionary<int, float> { [1] = 2, [2] = float.NegativeInfinity };
        foreach (var options in new SamplingOptions[]
        {
            new() { Greedy = true },
            new() { Greedy = true, LogitBias = bias, RepetitionPenalty = 1.1, RepetitionWindow = 5, AllowEos = false },
            new() { Seed = 1 },
            new() { Seed = 1, Temperature = 0.8 },
            new() { Seed = 1, TopK = 40 },
            new() { Seed = 1, TopP = 0.9 },
            new() { Seed = 1, MinP = 0.01 },
            new() { Seed = 1, RepetitionPenalty = 1.1 },
            new() { Seed = 1, LogitBias = bias },
            new() { Seed = 1, AllowEos = false },
            new() { Seed = 1, Temperature = 0.8, TopK = 200, TopP = 0.95, MinP = 0.01, RepetitionPenalty = 1.1 },
        })
        {
            var sampler = new ByteSampler(options);
            Draws(sampler, logits, 10);
            sampler.Observe(1);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                sampler.Sample(logits);
                sampler.Observe((byte)i);
            }

            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    /// <summary>The ids that 2,000 draws reach, in order.</summary>
    private static int[] Reachable(SamplingOptions options, float[] logits) =>
        [.. Draws(new ByteSampler(options with { Seed = 3 }), logits, 2_000).Distinct().Order()];

    private static int[] Draws(ByteSampler sampler, float[] logits, int count)
    {
        var ids = new int[count];
        for (var i = 0; i < count; i++) ids[i] = sampler.Sample(logits);
        return ids;
    }

    private static float[] Logits(float others, params (int Id, float Value)[] values)
    {
        var logits = Enumerable.Repeat(others, 258).ToArray();
        foreach (var (id, value) in values) logits[id] = value;
        return logits;
    }

    private static float[] RandomLogits(Random random)
    {
        var spread = Math.Pow(10, random.NextDouble() * 3 - 1);
        var banned = random.Next(3) == 0 ? random.NextDouble() : 0;
        var grid = random.Next(3) == 0;
        var logits = Enumerable.Range(0, 258).Select(_ => random.NextDouble() < banned
            ? float.NegativeInfinity
            : (float)(grid ? random.Next(-8, 8) : (random.NextDouble() - 0.5) * spread)).ToArray();
        logits[random.Next(256)] = 1;
        return logits;
    }

    private static SamplingOptions RandomOptions(Random random)
    {
        var options = new SamplingOptions { AllowEos = random.Next(2) == 0 };
        if (random.Next(2) == 0)
        {
            options = options with
            {
                LogitBias = Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(256)).Append(65).Distinct()
                    .ToDictionary(id => id, id => id % 7 == 6 ? float.NegativeInfinity : (float)(random.NextDouble() * 8 - 4)),
            };
        }

        if (random.Next(2) == 0) options = options with { RepetitionPenalty = 0.5 + random.NextDouble() * 2 };
        if (options.RepetitionPenalty is not null && random.Next(2) == 0) options = options with { RepetitionWindow = random.Next(1, 30) };
        if (random.Next(3) == 0) options = options with { PresencePenalty = random.NextDouble() * 4 - 2 };
        if (random.Next(3) == 0) options = options with { FrequencyPenalty = random.NextDouble() * 4 - 2 };
        if (random.Next(8) == 0) return options with { Greedy = true };

        options = options with { Seed = (ulong)random.NextInt64() };
        if (random.Next(2) == 0) options = options with { Temperature = 0.05 + random.NextDouble() * 3 };
        if (random.Next(2) == 0) options = options with { TopK = random.Next(0, 259) };
        if (random.Next(2) == 0) options = options with { TopP = 1 - random.NextDouble() };
        if (random.Next(2) == 0) options = options with { MinP = Math.Pow(random.NextDouble(), 3) };
        return options;
    }

    private static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
