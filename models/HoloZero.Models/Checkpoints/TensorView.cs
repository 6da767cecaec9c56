using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>A dense tensor in a storage: offset, shape and strides in elements, proven to lie within the storage.</summary>
internal sealed class TensorView
{
    private readonly long[] _strides;
    private readonly long _offset;

    private TensorView(PickleTensor tensor, TensorType type, long count, long end)
    {
        (_offset, Shape, _strides) = (tensor.Offset, tensor.Shape, tensor.Strides);
        (Key, Type, Count) = (tensor.Storage.Key, type, count);
        (BeginByte, EndByte) = (count == 0 ? 0 : _offset * type.SizeInBytes(), end * type.SizeInBytes());
    }

    /// <summary>The storage's record.</summary>
    public string Key { get; }

    public TensorType Type { get; }

    public long[] Shape { get; }

    /// <summary>Elements of the tensor, which may be more than the storage has: a stride may be 0.</summary>
    public long Count { get; }

    /// <summary>The first byte of the storage that the tensor touches.</summary>
    public long BeginByte { get; }

    /// <summary>One past the last byte of the storage that the tensor touches.</summary>
    public long EndByte { get; }

    /// <param name="tensor">What the pickle says.</param>
    /// <param name="storageBytes">How long the storage's record really is.</param>
    /// <param name="view">The view, where the tensor is sound.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? Check(PickleTensor tensor, long storageBytes, out TensorView? view)
    {
        view = null;
        if (tensor.Storage.Type.Type is not { } type) return $"lies in a {tensor.Storage.Type.Name}, which holds no plain numbers";
        if (tensor.Storage.Count > storageBytes / type.SizeInBytes())
        {
            return $"lies in a storage of {tensor.Storage.Count} x {type}, but the record has {storageBytes} bytes";
        }
        if (!TensorShape.TryCount(tensor.Shape, out var count)) return $"has the impossible shape {TensorShape.Format(tensor.Shape)}";
        UInt128 end = 0;
        if (count > 0)
        {
            // Each term is below 2^126 and the sum before it below 2^63, so 128 bits do not overflow.
            end = (UInt128)tensor.Offset + 1;
            for (var i = 0; i < tensor.Shape.Length && end <= (UInt128)tensor.Storage.Count; i++)
            {
                end += (UInt128)(tensor.Shape[i] - 1) * (UInt128)tensor.Strides[i];
            }
        }
        if (end > (UInt128)tensor.Storage.Count)
        {
            return $"reaches beyond its storage of {tensor.Storage.Count} elements: offset {tensor.Offset}, "
                + $"shape {TensorShape.Format(tensor.Shape)}, strides {TensorShape.Format(tensor.Strides)}";
        }
        view = new TensorView(tensor, type, count, (long)end);
        return null;
    }

    /// <summary>Gathers the elements, row-major, as float32.</summary>
    /// <param name="storage">Bytes of the storage that cover <see cref="BeginByte"/> to <see cref="EndByte"/>.</param>
    /// <param name="firstByte">Where in the storage those bytes begin.</param>
    public float[] ReadFloat32(ReadOnlySpan<byte> storage, long firstByte)
    {
        var touched = storage[(int)(BeginByte - firstByte)..(int)(EndByte - firstByte)];
        var values = new float[touched.Length / Type.SizeInBytes()];
        TensorConversion.ToFloat32(Type, touched, values);
        return IsContiguous() ? values : Gather(values);
    }

    private bool IsContiguous()
    {
        long expected = 1;
        for (var i = Shape.Length - 1; i >= 0; i--)
        {
            if (Shape[i] > 1 && _strides[i] != expected) return Count == 0;
            expected *= Shape[i];
        }
        return true;
    }

    private float[] Gather(float[] touched)
    {
        var result = new float[Count];
        var index = new long[Shape.Length];
        long at = 0;
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = touched[at];
            for (var axis = Shape.Length - 1; axis >= 0; axis--)
            {
                at += _strides[axis];
                if (++index[axis] < Shape[axis]) break;
                at -= _strides[axis] * Shape[axis];
                index[axis] = 0;
            }
        }
        return result;
    }
}
