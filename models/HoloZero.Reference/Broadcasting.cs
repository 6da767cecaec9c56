namespace HoloZero.Reference;

/// <summary>NumPy's broadcasting rule.</summary>
internal static class Broadcasting
{
    /// <summary>The common shape.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static int[] Shape(int[] a, int[] b)
    {
        var result = new int[Math.Max(a.Length, b.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (left, right) = (i <= a.Length ? a[^i] : 1, i <= b.Length ? b[^i] : 1);
            if (left != right && left != 1 && right != 1)
                throw new ArgumentException($"[{string.Join(", ", a)}] and [{string.Join(", ", b)}] do not broadcast");
            result[^i] = left == 1 ? right : left;
        }

        return result;
    }

    /// <summary>
    /// The elements of <paramref name="x"/> repeated to fill <paramref name="shape"/>; its own array where nothing repeats.
    /// </summary>
    public static double[] Expand(DoubleTensor x, int[] shape)
    {
        if (x.Shape.AsSpan().SequenceEqual(shape)) return x.Data;

        var strides = new int[shape.Length];
        for (int i = 1, stride = 1; i <= x.Rank; i++)
        {
            strides[^i] = x.Shape[^i] == 1 ? 0 : stride;
            stride *= x.Shape[^i];
        }

        var result = new double[DoubleTensor.Product(shape)];
        var index = new int[shape.Length];
        for (int i = 0, source = 0; i < result.Length; i++)
        {
            result[i] = x.Data[source];
            for (var axis = shape.Length - 1; axis >= 0; axis--)
            {
                source += strides[axis];
                if (++index[axis] < shape[axis]) break;
                source -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }

        return result;
    }
}
