using System.Buffers.Binary;

namespace HoloZero.Artifacts.Tests;

public class TensorTypeTests
{
    [Fact]
    public void Every_type_is_found_by_both_of_its_names()
    {
        foreach (var type in Enum.GetValues<TensorType>())
        {
            Assert.True(TensorTypes.TryParseName(type.Name(), out var byName) && byName == type);
            Assert.True(TensorTypes.TryParse(type.SafetensorsName(), out var bySafetensors) && bySafetensors == type);
        }

        Assert.False(TensorTypes.TryParseName("float", out _));
        Assert.False(TensorTypes.TryParseName("Float32", out _));
    }

    [Theory]
    [InlineData(TensorType.Float32, "float32")]
    [InlineData(TensorType.BFloat16, "bfloat16")]
    [InlineData(TensorType.UInt8, "uint8")]
    [InlineData(TensorType.Int64, "int64")]
    [InlineData(TensorType.Boolean, "bool")]
    public void Names_are_those_of_manifests_already_written(TensorType type, string name) => Assert.Equal(name, type.Name());

    [Theory]
    [InlineData(TensorType.Int64, -7e15, 8)]
    [InlineData(TensorType.Int32, -70_000, 4)]
    [InlineData(TensorType.Int16, -300, 2)]
    [InlineData(TensorType.Int8, -3, 1)]
    [InlineData(TensorType.UInt64, 7e15, 8)]
    [InlineData(TensorType.UInt32, 4e9, 4)]
    [InlineData(TensorType.UInt16, 65_535, 2)]
    [InlineData(TensorType.UInt8, 255, 1)]
    [InlineData(TensorType.Boolean, 1, 1)]
    public void Whole_numbers_become_float64_exactly(TensorType type, double value, int bytes)
    {
        var stored = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(stored, 1);
        BinaryPrimitives.WriteInt64LittleEndian(stored.AsSpan(bytes), (long)value);
        var numbers = new double[2];

        TensorConversion.ToFloat64(type, stored.AsSpan(0, 2 * bytes), numbers);

        Assert.Equal([1, value], numbers);
    }
}
