using System.Buffers.Binary;

namespace HoloZero.Fuzz.Mutation;

/// <summary>Varies the header of a safetensors file as JSON, mostly under its right length, and the length and the data as bytes.</summary>
internal static class SafetensorsMutator
{
    private static readonly ByteMutator Bytes = new([[.. "\"data_offsets\":[0,4]"u8], [.. "\"shape\":[]"u8], [.. "{}"u8]]);

    /// <inheritdoc cref="Mutator"/>
    public static byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        if (random.Next(4) == 0 || Header(input) is not { } header) return Bytes.Mutate(random, input, other);
        var data = input[(8 + header.Length)..];
        if (random.Next(8) == 0) data = Bytes.Mutate(random, data, other);
        return Join(JsonMutator.Mutate(random, header, Header(other) ?? []), data);
    }

    /// <summary>A file of this header and these data.</summary>
    public static byte[] Join(ReadOnlySpan<byte> header, ReadOnlySpan<byte> data)
    {
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. data];
    }

    private static byte[]? Header(byte[] input)
    {
        if (input.Length < 8) return null;
        var length = BinaryPrimitives.ReadUInt64LittleEndian(input);
        return length <= (ulong)(input.Length - 8) ? input[8..(8 + (int)length)] : null;
    }
}
