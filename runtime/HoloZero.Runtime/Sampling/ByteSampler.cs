using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Chooses the next id from logits. The same options, seed, observed bytes and logits give the same ids on every machine.
/// </summary>
/// <remarks>
/// <para>The order is the one of Hugging Face's generation: bias and bans, repetition penalty, temperature, top-k, top-p,
/// min-p, draw. In detail, with all arithmetic in float64:</para>
/// <list type="number">
/// <item>x = logit + bias; the bias of MASK, and of EOS unless allowed, is -inf.</item>
/// <item>x = x / penalty if x > 0, else x * penalty, for each byte observed within the repetition window.</item>
/// <item>x is rounded to float32, finite values to finite ones. Ids are ranked by x, the greater first; of equal ones the
/// lower id. Ids at -inf drop out.</item>
/// <item>Greedy: the first id of the ranking, and nothing else happens.</item>
/// <item>Top-k keeps the first k ids.</item>
/// <item>Each weight is w = exp((x - x_first) / temperature), so w_first = 1; probabilities are w / sum(w).</item>
/// <item>Top-p keeps ids in rank order up to and with the one that brings their sum to p of the whole, the whole being
/// what top-k kept.</item>
/// <item>Min-p drops everything from the first id in rank order with w &lt; min-p.</item>
/// <item>Draw: with u in [0, 1) from <see cref="ByteRandom.NextDouble"/>, the first id in rank order whose running sum of
/// weights exceeds u times their total. Each draw takes exactly one random number, even where one id is left.</item>
/// </list>
/// <para>Weights are summed in rank order and exp is the library's own, so no result hangs on vector width or libm.</para>
/// <para>Not safe for concurrent use; one sampler a generation. <see cref="Sample"/> and Observe allocate nothing.</para>
/// </remarks>
public sealed class ByteSampler
{
    private const int IdBits = 16;

    private readonly float[] _bias;
    private readonly double _temperature, _topP, _minP, _penalty;
    private readonly int _topK;

    private readonly ByteRandom? _random;
    private readonly byte[]? _recent;
    private readonly int[] _occurrences;
    private long _observed;

    private readonly float[] _adjusted = new float[ByteVocabulary.Size];
    private readonly ulong[] _ranking = new ulong[ByteVocabulary.Size];
    private readonly ulong[] _sorted = new ulong[ByteVocabulary.Size];
    private readonly double[] _weights = new double[ByteVocabulary.Size];

    /// <summary>A sampler that has drawn and observed nothing yet.</summary>
    /// <param name="options">How to sample; with a seed unless greedy (<see cref="SamplingOptions.WithSeed"/>).</param>
    /// <exception cref="BadInputException">The options are out of range or contradict each other.</exception>
    /// <exception cref="ArgumentException">The options are not greedy and have no seed.</exception>
    public ByteSampler(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        if (!options.Greedy)
        {
            _random = new ByteRandom(options.Seed
                ?? throw new ArgumentException("The options have no seed; take those of WithSeed().", nameof(options)));
        }

        _temperature = options.Temperature ?? SamplingOptions.DefaultTemperature;
        _topK = options.TopK is null or 0 ? ByteVocabulary.Size : options.TopK.Value;
        _topP = options.TopP ?? 1;
        _minP = options.MinP ?? 0;
        _penalty = options.RepetitionPenalty ?? 1;
        _occurrences = new int[ByteVocabulary.Bytes];
        if (_penalty != 1) _recent = new byte[options.RepetitionWindow ?? SamplingOptions.DefaultRepetitionWindow];

        _bias = new float[ByteVocabulary.Size];
        foreach (var (id, bias) in options.LogitBias ?? new Dictionary<int, float>()) _bias[id] = bias;
        _bias[ByteVocabulary.Mask] = float.NegativeInfinity;
        if (!options.AllowEos) _bias[ByteVocabulary.Eos] = float.NegativeInfinity;
    }

    private ByteSampler(ByteSampler other)
    {
        Options = other.Options;
        (_temperature, _topP, _minP, _penalty, _topK) = (other._temperature, other._topP, other._minP, other._penalty, other._topK);
        _bias = other._bias;
        _random = other._random?.Clone();
        _recent = (byte[]?)other._recent?.Clone();
        _occurrences = (int[])other._occurrences.Clone();
        _observed = other._observed;
    }

    /// <summary>What the sampler was made from, the seed included.</summary>
    public SamplingOptions Options { get; }

    /// <summary>
    /// A second sampler with the same options, random state and observed bytes; from here on the two do not affect each other.
    /// </summary>
    public ByteSampler Clone() => new(this);

    /// <summary>
    /// Tells the sampler which bytes the text goes on with, for the repetition penalty: first the prompt, then every byte
    /// generated or inserted. <see cref="Sample"/> does not do it by itself. Without a penalty it does nothing.
    /// </summary>
    public void Observe(ReadOnlySpan<byte> bytes)
    {
        if (_recent is null) return;
        foreach (var value in bytes)
        {
            ref var oldest = ref _recent[_observed % _recent.Length];
            if (_observed >= _recent.Length) _occurrences[oldest]--;
            oldest = value;
            _occurrences[value]++;
            _observed++;
        }
    }

    /// <inheritdoc cref="Observe(ReadOnlySpan{byte})"/>
    public void Observe(byte value) => Observe(new ReadOnlySpan<byte>(in value));

    /// <summary>Chooses the next id.</summary>
    /// <param name="logits">[258], unnormalized log-probabilities; finite or -inf.</param>
    /// <returns>A byte, 0..255, or <see cref="ByteVocabulary.Eos"/>; never <see cref="ByteVocabulary.Mask"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="logits"/> has another length.</exception>
    /// <exception cref="InvalidLogitsException">
    /// A logit is NaN or +inf, or every id that the options allow is at -inf. Nothing was drawn.
    /// </exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (logits.Length != ByteVocabulary.Size)
            throw new ArgumentException($"There are {logits.Length} logits, expected {ByteVocabulary.Size}.", nameof(logits));

        Adjust(logits);
        return _random is null ? MostLikely() : Draw(_random);
    }

    private void Adjust(ReadOnlySpan<float> logits)
    {
        for (var id = 0; id < logits.Length; id++)
        {
            var logit = logits[id];
            if (float.IsNaN(logit) || float.IsPositiveInfinity(logit))
            {
                throw new InvalidLogitsException(FormattableString.Invariant(
                    $"the logit of id {id} is {logit}; the model, its variant or the provider computes wrongly"));
            }

            var x = (double)logit + _bias[id];
            if (id < ByteVocabulary.Bytes && _occurrences[id] > 0) x = x > 0 ? x / _penalty : x * _penalty;
            _adjusted[id] = double.IsNegativeInfinity(x) ? float.NegativeInfinity : (float)Math.Clamp(x, float.MinValue, float.MaxValue);
        }
    }

    private int MostLikely()
    {
        var best = 0;
        for (var id = 1; id < _adjusted.Length; id++)
        {
            if (_adjusted[id] > _adjusted[best]) best = id;
        }

        return float.IsNegativeInfinity(_adjusted[best]) ? throw NothingLeft() : best;
    }

    private int Draw(ByteRandom random)
    {
        var kept = Math.Min(Rank(), _topK);
        if (kept == 0) throw NothingLeft();

        var total = Weigh(kept);
        if (_topP < 1) kept = KeepTopP(kept, total);
        if (_minP > 0) kept = KeepMinP(kept);
        total = 0;
        for (var rank = 0; rank < kept; rank++) total += _weights[rank];

        var target = random.NextDouble() * total;
        var sum = 0.0;
        for (var rank = 0; rank < kept; rank++)
        {
            sum += _weights[rank];
            if (sum > target) return RankedId(rank);
        }

        // Not reached: the last sum is the total, and u * total rounds below it for every u < 1.
        return RankedId(0);
    }

    /// <summary>Fills the ranking with the ids above -inf and returns how many there are.</summary>
    private int Rank()
    {
        var count = 0;
        for (var id = 0; id < _adjusted.Length; id++)
        {
            if (!float.IsNegativeInfinity(_adjusted[id])) _ranking[count++] = ((ulong)Descending(_adjusted[id]) << IdBits) | (uint)id;
        }

        // Radix sort: a stable pass for each byte of the keys, the lowest first. Ids ascend from the start, so equal keys keep
        // the lower id first. Half the time of a comparison sort, whose branches cannot be predicted here.
        Span<int> starts = stackalloc int[256];
        var (from, to) = (_ranking, _sorted);
        for (var shift = IdBits; shift < IdBits + 32; shift += 8)
        {
            starts.Clear();
            foreach (var key in from.AsSpan(0, count)) starts[(byte)(key >> shift)]++;
            for (int value = 0, sum = 0; value < starts.Length; value++) (starts[value], sum) = (sum, sum + starts[value]);
            foreach (var key in from.AsSpan(0, count)) to[starts[(byte)(key >> shift)]++] = key;
            (from, to) = (to, from);
        }

        return count;
    }

    /// <summary>A key that ascends as x descends.</summary>
    private static uint Descending(float x)
    {
        // The bits of positive floats ascend with x, those of negative ones descend; -0 has to equal +0.
        var bits = x == 0 ? 0 : BitConverter.SingleToUInt32Bits(x);
        return (int)bits < 0 ? bits : ~bits & 0x7FFF_FFFF;
    }

    private int RankedId(int rank) => (int)(_ranking[rank] & ((1 << IdBits) - 1));

    private double Weigh(int kept)
    {
        double first = _adjusted[RankedId(0)];
        var total = 0.0;
        for (var rank = 0; rank < kept; rank++)
        {
            _weights[rank] = PortableExp.Exp((_adjusted[RankedId(rank)] - first) / _temperature);
            total += _weights[rank];
        }

        return total;
    }

    private int KeepTopP(int kept, double total)
    {
        var sum = 0.0;
        for (var rank = 0; rank < kept; rank++)
        {
            sum += _weights[rank];
            if (sum >= _topP * total) return rank + 1;
        }

        return kept;
    }

    private int KeepMinP(int kept)
    {
        for (var rank = 1; rank < kept; rank++)
        {
            if (_weights[rank] < _minP) return rank;
        }

        return kept;
    }

    private static InvalidLogitsException NothingLeft() =>
        new("every id that the sampling options allow has a logit of -inf; loosen logit-bias or check the model");
}
