using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Chooses the next id from logits. The same options, seed, observed bytes and logits give the same ids on every machine.
/// </summary>
/// <remarks>
/// <para>The order is the one of Hugging Face's generation: bias and bans, penalties, temperature, top-k, top-p, min-p, draw. In detail,
/// with all arithmetic in float64:</para>
/// <list type="number">
/// <item>x = logit + bias; the bias of MASK, and of EOS unless allowed, is -inf.</item>
/// <item>x = x / penalty if x > 0, else x * penalty, for each byte observed within the repetition window; then, for each byte that was
/// generated c times, x = x - presence penalty - c * frequency penalty.</item>
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
    private const int PlaceShift = IdBits + 32;
    private const int MaxPlace = ushort.MaxValue;

    /// <summary>
    /// Below this an exponent's weight is less than 2^-53, half of the last bit of any sum that holds w_first = 1: adding it changes
    /// no sum, and no draw can reach it.
    /// </summary>
    internal const double NegligibleExponent = -37;

    private readonly float[] _bias;
    private readonly float[] _bans = new float[ByteVocabulary.Size];
    private readonly int[] _biased;
    private readonly double _temperature, _topP, _minP, _penalty, _presence, _frequency;
    private readonly int _topK;

    private readonly ByteRandom? _random;
    private readonly byte[]? _recent;
    private readonly int[] _occurrences;
    private readonly long[]? _generated;
    private long _observed;

    private readonly float[] _adjusted = new float[ByteVocabulary.Size];
    // Keys of a place, Descending(x) and the id, from the highest bits to the lowest.
    private readonly ulong[] _ranking = new ulong[ByteVocabulary.Size];
    private readonly ulong[] _sorted = new ulong[ByteVocabulary.Size];
    private readonly double[] _exponents = new double[ByteVocabulary.Size];
    private readonly double[] _weights = new double[ByteVocabulary.Size];
    private readonly double[] _sums = new double[ByteVocabulary.Size];

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
        (_presence, _frequency) = (options.PresencePenalty ?? 0, options.FrequencyPenalty ?? 0);
        if (_presence != 0 || _frequency != 0) _generated = new long[ByteVocabulary.Bytes];
        _occurrences = new int[ByteVocabulary.Bytes];
        if (_penalty != 1) _recent = new byte[options.RepetitionWindow ?? SamplingOptions.DefaultRepetitionWindow];

        _bias = new float[ByteVocabulary.Size];
        foreach (var (id, bias) in options.LogitBias ?? new Dictionary<int, float>()) _bias[id] = bias;
        _bias[ByteVocabulary.Mask] = float.NegativeInfinity;
        if (!options.AllowEos) _bias[ByteVocabulary.Eos] = float.NegativeInfinity;
        for (var id = 0; id < _bans.Length; id++) _bans[id] = float.IsNegativeInfinity(_bias[id]) ? _bias[id] : 0;
        _biased = [.. Enumerable.Range(0, _bias.Length).Where(id => float.IsFinite(_bias[id]) && _bias[id] != 0)];
    }

    private ByteSampler(ByteSampler other)
    {
        Options = other.Options;
        (_temperature, _topP, _minP, _penalty, _topK) = (other._temperature, other._topP, other._minP, other._penalty, other._topK);
        (_presence, _frequency) = (other._presence, other._frequency);
        (_bias, _bans, _biased) = (other._bias, other._bans, other._biased);
        _random = other._random?.Clone();
        _recent = (byte[]?)other._recent?.Clone();
        _occurrences = (int[])other._occurrences.Clone();
        _generated = (long[]?)other._generated?.Clone();
        _observed = other._observed;
    }

    /// <summary>What the sampler was made from, the seed included.</summary>
    public SamplingOptions Options { get; }

    /// <summary>
    /// A second sampler with the same options, random state and observed bytes; from here on the two do not affect each other.
    /// </summary>
    public ByteSampler Clone() => new(this);

    /// <summary>
    /// Tells the sampler which bytes the text goes on with, for the penalties: every byte generated or inserted. <see cref="Sample"/> does
    /// not do it by itself. Without a penalty it does nothing.
    /// </summary>
    public void Observe(ReadOnlySpan<byte> bytes)
    {
        ObservePrompt(bytes);
        if (_generated is null) return;
        foreach (var value in bytes) _generated[value]++;
    }

    /// <inheritdoc cref="Observe(ReadOnlySpan{byte})"/>
    public void Observe(byte value) => Observe(new ReadOnlySpan<byte>(in value));

    /// <summary>The same for what stands before the generated text, which the repetition penalty alone looks back at.</summary>
    public void ObservePrompt(ReadOnlySpan<byte> bytes)
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
        var first = TensorPrimitives.Max<float>(_adjusted);
        if (float.IsNegativeInfinity(first)) throw NothingLeft();
        // No zero here is a negative one, so equal numbers have equal bits.
        return _random is null
            ? MemoryMarshal.Cast<float, int>(_adjusted).IndexOf(BitConverter.SingleToInt32Bits(first))
            : Draw(first, _random);
    }

    private void Adjust(ReadOnlySpan<float> logits)
    {
        TensorPrimitives.Add(logits, _bans, _adjusted);
        // NaN and +inf come through a ban as NaN, and the maximum is NaN if any of them is.
        if (!(TensorPrimitives.Max<float>(_adjusted) < float.PositiveInfinity)) throw Broken(logits);

        foreach (var id in _biased) _adjusted[id] = Adjusted(logits[id], id);
        if (_recent is null && _generated is null) return;
        for (var id = 0; id < _occurrences.Length; id++)
        {
            if (_occurrences[id] > 0 || _generated?[id] > 0) _adjusted[id] = Adjusted(logits[id], id);
        }
    }

    private float Adjusted(float logit, int id)
    {
        var x = (double)logit + _bias[id];
        if (id < ByteVocabulary.Bytes && _occurrences[id] > 0) x = x > 0 ? x / _penalty : x * _penalty;
        if (id < ByteVocabulary.Bytes && _generated?[id] is > 0 and var times) x -= _presence + times * _frequency;
        // Adding 0 makes a negative zero a positive one.
        return double.IsNegativeInfinity(x) ? float.NegativeInfinity : (float)Math.Clamp(x, float.MinValue, float.MaxValue) + 0f;
    }

    private int Draw(float first, ByteRandom random)
    {
        var kept = Math.Min(Rank(first), _topK);
        Weigh(kept);
        if (_topP < 1) kept = KeepTopP(kept);
        if (_minP > 0) kept = KeepMinP(kept);

        var target = random.NextDouble() * _sums[kept - 1];
        for (var rank = 0; rank < kept; rank++)
        {
            if (_sums[rank] > target) return RankedId(rank);
        }

        // Not reached: the last sum is the total, and u * total rounds below it for every u < 1.
        return RankedId(0);
    }

    /// <summary>Fills the exponents, and the ranking with the ids whose weights matter; returns how many there are.</summary>
    private int Rank(float first)
    {
        Span<double> exponents = _exponents;
        TensorPrimitives.ConvertTruncating<float, double>(_adjusted, exponents);
        TensorPrimitives.Subtract(exponents, first, exponents);
        TensorPrimitives.Divide(exponents, _temperature, exponents);

        var (count, lowest) = (0, 0.0);
        foreach (var exponent in exponents)
        {
            if (exponent >= NegligibleExponent) lowest = Math.Min(lowest, exponent);
        }

        var scale = lowest < 0 ? MaxPlace / lowest : 0;
        if (!double.IsFinite(scale)) scale = 0;
        for (var id = 0; id < exponents.Length; id++)
        {
            if (!(exponents[id] >= NegligibleExponent)) continue;
            var place = (ulong)(uint)(exponents[id] * scale);
            _ranking[count++] = (place << PlaceShift) | ((ulong)Descending(_adjusted[id]) << IdBits) | (uint)id;
        }

        SortRanking(_ranking.AsSpan(0, count), _sorted.AsSpan(0, count));
        return count;
    }

    /// <summary>
    /// Sorts by the place within the range of exponents, 16 bits in two stable passes, which leaves next to nothing for the insertion
    /// sort after it. A comparison sort alone takes twice as long as all of <see cref="Draw"/>: nothing predicts its branches here.
    /// </summary>
    private static void SortRanking(Span<ulong> keys, Span<ulong> other)
    {
        Span<int> low = stackalloc int[256], high = stackalloc int[256];
        low.Clear();
        high.Clear();
        foreach (var key in keys)
        {
            low[(byte)(key >> PlaceShift)]++;
            high[(byte)(key >> (PlaceShift + 8))]++;
        }

        var (lowSum, highSum) = (0, 0);
        for (var digit = 0; digit < 256; digit++)
        {
            (low[digit], lowSum) = (lowSum, lowSum + low[digit]);
            (high[digit], highSum) = (highSum, highSum + high[digit]);
        }

        foreach (var key in keys) other[low[(byte)(key >> PlaceShift)]++] = key;
        foreach (var key in other) keys[high[(byte)(key >> (PlaceShift + 8))]++] = key;
        for (var i = 1; i < keys.Length; i++)
        {
            var key = keys[i];
            var at = i;
            for (; at > 0 && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
            keys[at] = key;
        }
    }

    /// <summary>A key that ascends as x descends.</summary>
    private static uint Descending(float x)
    {
        // The bits of positive floats ascend with x, those of negative ones descend.
        var bits = BitConverter.SingleToUInt32Bits(x);
        return (int)bits < 0 ? bits : ~bits & 0x7FFF_FFFF;
    }

    private int RankedId(int rank) => (int)(_ranking[rank] & ((1 << IdBits) - 1));

    /// <summary>Fills the weights of the first ids of the ranking and their running sums.</summary>
    private void Weigh(int kept)
    {
        for (var rank = 0; rank < kept; rank++) _weights[rank] = _exponents[RankedId(rank)];
        PortableExp.Exp(_weights.AsSpan(0, kept));
        var sum = 0.0;
        for (var rank = 0; rank < kept; rank++) _sums[rank] = sum += _weights[rank];
    }

    private int KeepTopP(int kept)
    {
        var enough = _topP * _sums[kept - 1];
        for (var rank = 0; rank < kept; rank++)
        {
            if (_sums[rank] >= enough) return rank + 1;
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

    private static InvalidLogitsException Broken(ReadOnlySpan<float> logits)
    {
        var id = 0;
        while (logits[id] < float.PositiveInfinity) id++;
        return new(FormattableString.Invariant(
            $"the logit of id {id} is {logits[id]}; the model, its variant or the provider computes wrongly"));
    }

    private static InvalidLogitsException NothingLeft() =>
        new("every id that the sampling options allow has a logit of -inf; loosen logit-bias or check the model");
}
