using System.Collections;
using System.Globalization;

namespace HoloZero.Validation.Checks;

/// <summary>
/// Misses of tensors, in the order of adding: all of them, however many, in some bytes each; words are made when asked for. Also the
/// comparison nearest to its limit. Not thread-safe.
/// </summary>
internal sealed class TensorMisses : IReadOnlyList<Miss>
{
    private readonly List<(int Tensor, int Index, double Actual, double Expected)> _elements = [];
    private readonly List<(string Name, int[] Shape, string Format)> _tensors = [];
    private readonly List<(int Before, Miss Miss)> _others = [];

    public int Count => _elements.Count + _others.Count;

    /// <summary>The comparison nearest to its limit; null before the first.</summary>
    public Margin? Worst { get; private set; }

    public Miss this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var others = 0;
            for (; others < _others.Count && _others[others].Before + others <= index; others++)
            {
                if (_others[others].Before + others == index) return _others[others].Miss;
            }

            return Describe(_elements[index - others]);
        }
    }

    /// <summary>Adds a miss in words.</summary>
    public void Add(Miss miss) => _others.Add((_elements.Count, miss));

    /// <summary>
    /// Compares a measure of many elements with its limit; it does not count for <see cref="Worst"/>, which is about elements.
    /// </summary>
    public void Require(double measure, double allowed, Func<Miss> miss)
    {
        if (!(measure <= allowed)) Add(miss());
    }

    /// <summary>Compares all elements of a tensor; a NaN is a miss.</summary>
    /// <param name="name">Case and tensor.</param>
    /// <param name="shape">The shape expected.</param>
    /// <param name="actual">What there is.</param>
    /// <param name="expected">What there should be.</param>
    /// <param name="allowed">Absolute error of an element.</param>
    /// <param name="digits">Digits to print the values with.</param>
    /// <returns>The largest error; NaN where there is one.</returns>
    public double Compare(string name, int[] shape, ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, double allowed,
        int digits = 9)
    {
        if (actual.Length != expected.Length)
            throw new ArgumentException($"{name}: {actual.Length} elements, not {expected.Length}", nameof(actual));

        var (largest, at) = (0.0, -1);
        var tensor = -1;
        for (var i = 0; i < actual.Length; i++)
        {
            var error = Math.Abs(actual[i] - expected[i]);
            if (at < 0 || error > largest || double.IsNaN(error) && !double.IsNaN(largest)) (largest, at) = (error, i);
            if (error <= allowed) continue;
            if (tensor < 0)
            {
                tensor = _tensors.Count;
                _tensors.Add((name, shape, $"G{digits}"));
            }

            _elements.Add((tensor, i, actual[i], expected[i]));
        }

        if (at >= 0) Worst = Margin.Worse(Worst, new(largest, allowed, $"{name}{Position(shape, at)}"));
        return largest;
    }

    public IEnumerator<Miss> GetEnumerator()
    {
        var others = 0;
        for (var i = 0; i <= _elements.Count; i++)
        {
            for (; others < _others.Count && _others[others].Before == i; others++) yield return _others[others].Miss;
            if (i < _elements.Count) yield return Describe(_elements[i]);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>An index for people: [0, 3, 17].</summary>
    public static string Position(int[] shape, int flat)
    {
        var indices = new int[shape.Length];
        for (var axis = shape.Length - 1; axis >= 0; axis--) (flat, indices[axis]) = (flat / shape[axis], flat % shape[axis]);
        return indices.Length == 0 ? "" : $"[{string.Join(", ", indices)}]";
    }

    private Miss Describe((int Tensor, int Index, double Actual, double Expected) element)
    {
        var (name, shape, format) = _tensors[element.Tensor];
        return new($"{name}{Position(shape, element.Index)}", element.Actual.ToString(format, CultureInfo.InvariantCulture),
            element.Expected.ToString(format, CultureInfo.InvariantCulture));
    }
}
