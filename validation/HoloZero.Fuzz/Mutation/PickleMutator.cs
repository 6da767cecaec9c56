using System.Buffers.Binary;
using System.Text;

namespace HoloZero.Fuzz.Mutation;

/// <summary>
/// Varies a pickle as a list of operations: removed, repeated, moved, given other operands, taken from another pickle or made up.
/// </summary>
internal static class PickleMutator
{
    private static readonly string[] Globals =
    [
        "torch._utils\n_rebuild_tensor_v2\n", "torch._utils\n_rebuild_parameter\n", "torch._utils\n_rebuild_tensor_v3\n",
        "torch\nFloatStorage\n", "torch\nHalfStorage\n", "torch\nComplexFloatStorage\n", "torch\nfloat32\n", "torch\nSize\n",
        "collections\nOrderedDict\n", "collections\ndefaultdict\n", "collections\ndeque\n", "collections\nCounter\n", "builtins\nset\n",
        "builtins\ndict\n", "numpy.core.multiarray\nscalar\n", "numpy\ndtype\n", "_codecs\nencode\n", "argparse\nNamespace\n",
        "datetime\ndatetime\n", "os\nsystem\n", "\n\n", "torch\n\u001b[31m\n", $"{new string('m', 300)}\nx\n",
    ];

    private static readonly string[] Texts =
    [
        "", "model", "cfg", "dim", "dec_layers", "heads", "K", "door", "zero", "storage", "cpu", "0", "1", "64", "i8", "<", "module.",
        "\u001b[31m", "a\0b",
    ];

    private static readonly byte[] Plain = [.. "(012NQRabesut}])."u8, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x90, 0x91, 0x93, 0x94];

    private static readonly ByteMutator Bytes =
        new([.. Plain.Select(op => new[] { op }), .. Globals.Select(global => Encoding.UTF8.GetBytes("c" + global))]);

    /// <inheritdoc cref="Mutator"/>
    public static byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        if (random.Next(4) == 0) return Bytes.Mutate(random, input, other);
        var operations = Split(input);
        if (operations.Count == 0) return Make(random);
        var at = random.Next(operations.Count);
        switch (random.Next(7))
        {
            case 0: operations.RemoveRange(at, random.Next(Math.Min(operations.Count - at, 8)) + 1); break;
            case 1: operations.Insert(at, operations[random.Next(operations.Count)]); break;
            case 2: (operations[at], operations[^1]) = (operations[^1], operations[at]); break;
            case 3: operations[at] = Make(random); break;
            case 4: operations[at] = WithOtherOperand(random, operations[at]); break;
            case 5 when Split(other) is { Count: > 0 } others:
                var start = random.Next(others.Count);
                operations.InsertRange(at, others.GetRange(start, random.Next(Math.Min(others.Count - start, 40)) + 1));
                break;
            default: operations.Insert(at, Make(random)); break;
        }
        return [.. operations.SelectMany(operation => operation)];
    }

    /// <summary>The operations of a pickle, each with its operand; what cannot be told apart is one piece at the end.</summary>
    internal static List<byte[]> Split(byte[] pickle)
    {
        var operations = new List<byte[]>();
        for (var at = 0; at < pickle.Length;)
        {
            var length = (int)Math.Min(1 + OperandLength(pickle[at], pickle.AsSpan(at + 1)), pickle.Length - at);
            operations.Add(pickle[at..(at + length)]);
            at += length;
        }
        return operations;
    }

    private static long OperandLength(byte op, ReadOnlySpan<byte> rest) => op switch
    {
        (byte)'K' or (byte)'h' or (byte)'q' or 0x80 => 1,
        (byte)'M' => 2,
        (byte)'J' or (byte)'j' or (byte)'r' => 4,
        (byte)'G' or 0x95 => 8,
        0x8a or 0x8c or (byte)'C' => rest.Length < 1 ? 1 : 1L + rest[0],
        0x8b or (byte)'X' or (byte)'B' => rest.Length < 4 ? 4 : 4L + BinaryPrimitives.ReadUInt32LittleEndian(rest),
        0x8d or 0x8e or 0x96 => rest.Length < 8 ? 8 : 8 + (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(rest), int.MaxValue),
        (byte)'c' => Line(rest) is var first && first == rest.Length ? first : first + Line(rest[first..]),
        _ => 0,
    };

    private static int Line(ReadOnlySpan<byte> rest) => rest.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : rest.Length;

    private static byte[] Make(Random random) => random.Next(8) switch
    {
        0 => [(byte)'c', .. Encoding.UTF8.GetBytes(Globals[random.Next(Globals.Length)])],
        1 => Text(Texts[random.Next(Texts.Length)]),
        2 => [(byte)'J', .. Number(random, 4)],
        3 => [0x8a, 8, .. Number(random, 8)],
        4 => [random.Next(2) == 0 ? (byte)'h' : (byte)'q', (byte)random.Next(16)],
        _ => [Plain[random.Next(Plain.Length)]],
    };

    private static byte[] WithOtherOperand(Random random, byte[] operation) => operation[0] switch
    {
        (byte)'X' => Text(Texts[random.Next(Texts.Length)]),
        (byte)'c' => [(byte)'c', .. Encoding.UTF8.GetBytes(Globals[random.Next(Globals.Length)])],
        var op when operation.Length is 2 or 3 or 5 or 9 => [op, .. Number(random, operation.Length - 1)],
        _ => Make(random),
    };

    private static byte[] Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return [(byte)'X', .. BitConverter.GetBytes(utf8.Length), .. utf8];
    }

    private static byte[] Number(Random random, int bytes)
    {
        var number = ByteMutator.Number(random);
        Array.Resize(ref number, bytes);
        return number;
    }
}
