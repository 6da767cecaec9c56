using System.Buffers.Binary;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

// What a pickle is made of, beside null, bool, long, BigInteger, double, string and byte[]. None of it does anything.
// These are classes without value equality on purpose: a pickle may hold cycles, and nothing may walk into them unasked.

/// <summary>A Python tuple.</summary>
internal sealed class PickleTuple(object?[] items)
{
    public object?[] Items => items;
}

/// <summary>A Python list or deque.</summary>
internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A set, as protocol 4 builds it.</summary>
internal sealed class PickleSet
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dict, OrderedDict or defaultdict: pairs in order of insertion; a string key set again keeps its place.</summary>
internal sealed class PickleDict
{
    // Hashing a long key costs its length each time it is set, and a pickle can set one memoized key millions of times.
    private const int MaxIndexedKey = 1024;
    private Dictionary<string, int>? _index;

    public List<KeyValuePair<object?, object?>> Pairs { get; } = [];

    public void Set(object? key, object? value)
    {
        if (key is string { Length: <= MaxIndexedKey } name)
        {
            _index ??= new Dictionary<string, int>(StringComparer.Ordinal);
            if (_index.TryGetValue(name, out var at))
            {
                Pairs[at] = new(key, value);
                return;
            }
            _index.Add(name, Pairs.Count);
        }
        Pairs.Add(new(key, value));
    }

    public bool TryGet(string key, out object? value)
    {
        value = null;
        if (_index is null || !_index.TryGetValue(key, out var at)) return false;
        value = Pairs[at].Value;
        return true;
    }
}

/// <summary>The note that the pickle asked for a call. The call is never made. Items that are put into its result are dropped.</summary>
internal sealed class PickleRecord(PickleGlobal callee, PickleTuple arguments)
{
    public PickleGlobal Callee => callee;

    public object?[] Arguments => arguments.Items;

    public object? State { get; set; }

    /// <summary>Its attributes, where it is an <c>argparse.Namespace</c>: what configurations are parsed into.</summary>
    public PickleDict? Attributes => callee.Name == "argparse.Namespace" ? State as PickleDict : null;

    /// <summary>The value of an integer numpy scalar, <c>scalar(dtype, bytes)</c>, if that is what this is.</summary>
    public bool TryGetInteger(out long value)
    {
        value = 0;
        if (callee.Kind != GlobalKind.NumpyScalar) return false;
        if (Arguments is not [PickleRecord { Callee.Kind: GlobalKind.NumpyType } type, var raw]) return false;
        if (type.Arguments is not [string code, ..] || type.State is not PickleTuple { Items: [_, "<" or "|", ..] }) return false;
        if (RawBytes(raw) is not { } bytes) return false;
        (var known, value) = (code, bytes.Length) switch
        {
            ("i1", 1) => (true, (sbyte)bytes[0]),
            ("u1", 1) => (true, bytes[0]),
            ("i2", 2) => (true, BinaryPrimitives.ReadInt16LittleEndian(bytes)),
            ("u2", 2) => (true, BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
            ("i4", 4) => (true, BinaryPrimitives.ReadInt32LittleEndian(bytes)),
            ("u4", 4) => (true, BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
            ("i8", 8) => (true, BinaryPrimitives.ReadInt64LittleEndian(bytes)),
            _ => (false, 0L),
        };
        return known;
    }

    // Protocol 2 has no bytes: Python writes them as encode(text, "latin1").
    private static byte[]? RawBytes(object? value) => value switch
    {
        byte[] bytes => bytes,
        PickleRecord { Callee.Kind: GlobalKind.Encode, Arguments: [string { Length: <= 8 } text, "latin1"] }
            when text.All(c => c <= 0xff) => [.. text.Select(c => (byte)c)],
        _ => null,
    };
}

/// <summary>A storage, named by <c>persistent_id</c>: a record of the archive, not read yet.</summary>
internal sealed class PickleStorage(StorageType type, string key, long count)
{
    public StorageType Type => type;

    /// <summary>The record's name under <c>data/</c>.</summary>
    public string Key => key;

    /// <summary>Elements that the pickle claims.</summary>
    public long Count => count;
}

/// <summary>The element type of a storage: one that we can read, or merely its name.</summary>
internal sealed record StorageType(string Name, TensorType? Type);

/// <summary>A dense tensor as the pickle describes it, nothing checked against the storage yet.</summary>
internal sealed class PickleTensor(PickleStorage storage, long offset, long[] shape, long[] strides)
{
    public PickleStorage Storage => storage;

    public long Offset => offset;

    public long[] Shape => shape;

    public long[] Strides => strides;
}
