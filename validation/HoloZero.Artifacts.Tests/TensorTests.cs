using System.Collections.Immutable;

namespace HoloZero.Artifacts.Tests;

public sealed class TensorTests
{
    [Theory]
    [InlineData(new long[] { }, 1L)]
    [InlineData(new long[] { 0 }, 0L)]
    [InlineData(new long[] { 0, 0 }, 0L)]
    [InlineData(new long[] { 3, 5, 7 }, 105L)]
    [InlineData(new long[] { long.MaxValue }, long.MaxValue)]
    [InlineData(new[] { long.MaxValue, 1 }, long.MaxValue)]
    [InlineData(new[] { 1L << 31, 1L << 31 }, 1L << 62)]
    [InlineData(new[] { long.MaxValue, long.MaxValue, 0 }, 0L)]
    public void Elements_are_counted(long[] shape, long expected)
    {
        Assert.True(TensorShape.TryCount(shape, out var count));
        Assert.Equal(expected, count);
    }

    [Theory]
    [InlineData(new long[] { -1 })]
    [InlineData(new long[] { 0, -1 })]
    [InlineData(new[] { 1L << 32, 1L << 31 })]
    [InlineData(new[] { long.MaxValue, 2 })]
    [InlineData(new[] { 3037000500L, 3037000500L })]
    public void What_is_no_count_is_told(long[] shape) => Assert.False(TensorShape.TryCount(shape, out _));

    [Fact]
    public void Bytes_are_counted_to_the_last_that_fits()
    {
        Assert.True(TensorShape.TryCountBytes([3, 5], TensorType.Float16, out var bytes));
        Assert.Equal(30, bytes);
        Assert.True(TensorShape.TryCountBytes([long.MaxValue / 8], TensorType.Float64, out bytes));
        Assert.Equal(long.MaxValue / 8 * 8, bytes);
        Assert.False(TensorShape.TryCountBytes([long.MaxValue / 8 + 1], TensorType.Float64, out bytes));
        Assert.Equal(0, bytes);
        Assert.False(TensorShape.TryCountBytes([-1], TensorType.UInt8, out bytes));
        Assert.Equal(0, bytes);
        Assert.True(TensorShape.TryCountBytes(ImmutableArray<long>.Empty, TensorType.Int32, out bytes));
        Assert.Equal(4, bytes);
    }

    [Fact]
    public void A_shape_is_shown_up_to_eight_axes()
    {
        Assert.Equal("[]", TensorShape.Format([]));
        Assert.Equal("[192, 64]", TensorShape.Format([192, 64]));
        Assert.Equal("[1, 2, 3, 4, 5, 6, 7, 8]", TensorShape.Format([1, 2, 3, 4, 5, 6, 7, 8]));
        Assert.Equal("[1, 2, 3, 4, 5, 6, 7, 8, ... 9 dimensions]", TensorShape.Format([1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }

    // Size, name and kind as the safetensors format gives them.
    public static TheoryData<TensorType, int, string, bool> Types => new()
    {
        { TensorType.Float64, 8, "F64", true }, { TensorType.Float32, 4, "F32", true }, { TensorType.Float16, 2, "F16", true },
        { TensorType.BFloat16, 2, "BF16", true }, { TensorType.Int64, 8, "I64", false }, { TensorType.Int32, 4, "I32", false },
        { TensorType.Int16, 2, "I16", false }, { TensorType.Int8, 1, "I8", false }, { TensorType.UInt64, 8, "U64", false },
        { TensorType.UInt32, 4, "U32", false }, { TensorType.UInt16, 2, "U16", false }, { TensorType.UInt8, 1, "U8", false },
        { TensorType.Boolean, 1, "BOOL", false },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void A_type_has_a_size_a_name_and_a_kind(TensorType type, int size, string name, bool isFloatingPoint)
    {
        Assert.Equal((size, name, isFloatingPoint), (type.SizeInBytes(), type.SafetensorsName(), type.IsFloatingPoint()));
        Assert.True(TensorTypes.TryParse(name, out var parsed));
        Assert.Equal(type, parsed);
    }

    [Fact]
    public void Every_type_is_tried_here_and_no_other_is_known()
    {
        Assert.Equal(Enum.GetValues<TensorType>(), Types.Select(row => row.Data.Item1));
        Assert.False(TensorTypes.TryParse("F8_E4M3", out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => ((TensorType)99).SizeInBytes());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((TensorType)99).SafetensorsName());
    }

    [Fact]
    public void Numbers_widen_exactly_and_narrow_to_the_nearest()
    {
        // Just above and at the middle between 1 and the next float: the former goes up, the latter to the even one.
        double[] wide = [1.5, 1 + Math.Pow(2, -24) + Math.Pow(2, -40), 1 + Math.Pow(2, -24), 1e300];
        Assert.Equal([1.5f, MathF.BitIncrement(1), 1f, float.PositiveInfinity],
            ToFloat32(TensorType.Float64, [.. wide.SelectMany(BitConverter.GetBytes)]));
        float[] same = [-2.5f, float.Epsilon];
        Assert.Equal(same, ToFloat32(TensorType.Float32, [.. same.SelectMany(BitConverter.GetBytes)]));
        Assert.Equal([65504f, 5.9604645e-8f], ToFloat32(TensorType.Float16, [0xff, 0x7b, 0x01, 0x00]));
        Assert.Equal([1f, -3.140625f], ToFloat32(TensorType.BFloat16, [0x80, 0x3f, 0x49, 0xc0]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(1500)]
    public void Any_number_of_numbers_widens_to_float64(int count)
    {
        var values = Enumerable.Range(0, count).Select(i => i * 0.37f - 100).ToArray();
        var target = new double[count];
        TensorConversion.ToFloat64(TensorType.Float32, [.. values.SelectMany(BitConverter.GetBytes)], target);
        Assert.Equal(values.Select(value => (double)value), target);
        var exact = values.Select(value => value / 3.0).ToArray();
        TensorConversion.ToFloat64(TensorType.Float64, [.. exact.SelectMany(BitConverter.GetBytes)], target);
        Assert.Equal(exact, target);
    }

    [Fact]
    public void What_does_not_match_is_a_programming_error()
    {
        Assert.Throws<ArgumentException>(() => TensorConversion.ToFloat32(TensorType.Int32, new byte[4], new float[1]));
        Assert.Throws<ArgumentException>(() => TensorConversion.ToFloat32(TensorType.Float32, new byte[5], new float[1]));
        Assert.Throws<ArgumentException>(() => TensorConversion.ToFloat32(TensorType.Float32, new byte[4], new float[2]));
        Assert.Throws<ArgumentException>(() => TensorConversion.ToFloat64(TensorType.Float64, new byte[8], new double[2]));
    }

    private static float[] ToFloat32(TensorType type, byte[] source)
    {
        var target = new float[source.Length / type.SizeInBytes()];
        TensorConversion.ToFloat32(type, source, target);
        return target;
    }
}
