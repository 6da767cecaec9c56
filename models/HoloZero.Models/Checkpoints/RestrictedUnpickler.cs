using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// A stack machine for the part of pickle that plain data needs. It builds inert values and can do nothing else: globals are names
/// (<see cref="PickleGlobal"/>) and are never imported or called. Time and memory are bounded by the pickle's length
/// and <see cref="MaxOperations"/>: every operation does a bounded amount of work for each byte that it consumes.
/// </summary>
internal sealed class RestrictedUnpickler
{
    /// <summary>The longest pickle that is read. A state dict of ten thousand tensors with its optimizer needs about 5 MB.</summary>
    public const int MaxBytes = 256 << 20;

    /// <summary>The most operations that are carried out: a value costs up to a few hundred bytes of memory.</summary>
    public const int MaxOperations = 4 << 20;

    private const int MaxLongBytes = 4096;
    private const int MaxRank = 64;
    private const string Remedy = "copy or download the file again, or save it anew with torch.save";
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private static readonly object True = true, False = false;

    private readonly string _path;
    private readonly byte[] _pickle;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;

    private RestrictedUnpickler(string path, byte[] pickle) => (_path, _pickle) = (path, pickle);

    /// <summary>Reads one pickle.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="pickle">The pickle's bytes.</param>
    /// <exception cref="BadInputException">Malformed, beyond the bounds, or naming what serves to run something.</exception>
    public static object? Load(string path, byte[] pickle) => new RestrictedUnpickler(path, pickle).Run();

    private object? Run()
    {
        for (var operations = 0; operations < MaxOperations; operations++)
        {
            var op = (PickleOp)TakeByte();
            if (op == PickleOp.Stop) return Pop();
            Execute(op);
        }
        throw new BadInputException(_path, $"its pickle has more than {MaxOperations} operations",
            "save only the model and its cfg: torch.save({'model': ..., 'cfg': ...}, file)");
    }

    private void Execute(PickleOp op)
    {
        switch (op)
        {
            case PickleOp.Proto:
                if (TakeByte() is var protocol and (< 2 or > 5)) throw Malformed($"pickle protocol {protocol} is unknown");
                break;
            case PickleOp.Frame: TakeLength(8); break;
            case PickleOp.Mark: _marks.Add(_stack.Count); break;
            case PickleOp.Pop: if (_stack.Count > Floor) Pop(); else PopMark(); break;
            case PickleOp.PopMark: PopMark(); break;
            case PickleOp.Dup: Push(Peek()); break;

            case PickleOp.None: Push(null); break;
            case PickleOp.NewTrue: Push(True); break;
            case PickleOp.NewFalse: Push(False); break;
            case PickleOp.BinInt: Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case PickleOp.BinInt1: Push((long)TakeByte()); break;
            case PickleOp.BinInt2: Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case PickleOp.Long1: Push(TakeLong(TakeByte())); break;
            case PickleOp.Long4: Push(TakeLong(BinaryPrimitives.ReadInt32LittleEndian(Take(4)))); break;
            case PickleOp.BinFloat: Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;
            case PickleOp.ShortBinUnicode: Push(TakeText(TakeLength(1))); break;
            case PickleOp.BinUnicode: Push(TakeText(TakeLength(4))); break;
            case PickleOp.BinUnicode8: Push(TakeText(TakeLength(8))); break;
            case PickleOp.ShortBinBytes: Push(Take(TakeLength(1)).ToArray()); break;
            case PickleOp.BinBytes: Push(Take(TakeLength(4)).ToArray()); break;
            case PickleOp.BinBytes8 or PickleOp.ByteArray8: Push(Take(TakeLength(8)).ToArray()); break;

            case PickleOp.EmptyTuple: Push(new PickleTuple([])); break;
            case PickleOp.Tuple1: Push(new PickleTuple(Pop(1))); break;
            case PickleOp.Tuple2: Push(new PickleTuple(Pop(2))); break;
            case PickleOp.Tuple3: Push(new PickleTuple(Pop(3))); break;
            case PickleOp.Tuple: Push(new PickleTuple(PopMark())); break;
            case PickleOp.EmptyList: Push(new PickleList()); break;
            case PickleOp.Append: Append(Pop(1)); break;
            case PickleOp.Appends: Append(PopMark()); break;
            case PickleOp.EmptyDict: Push(new PickleDict()); break;
            case PickleOp.SetItem: SetItems(Pop(2)); break;
            case PickleOp.SetItems: SetItems(PopMark()); break;
            case PickleOp.EmptySet: Push(new PickleSet()); break;
            case PickleOp.AddItems: AddItems(PopMark()); break;
            case PickleOp.FrozenSet:
                var items = PopMark();
                Push(new PickleSet());
                AddItems(items);
                break;

            case PickleOp.BinGet: Push(Recall(TakeByte())); break;
            case PickleOp.LongBinGet: Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case PickleOp.BinPut: _memo[TakeByte()] = Peek(); break;
            case PickleOp.LongBinPut: _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek(); break;
            case PickleOp.Memoize: _memo[(uint)_memo.Count] = Peek(); break;

            case PickleOp.Global: Push(Resolve(TakeLine(), TakeLine())); break;
            case PickleOp.StackGlobal:
                Push(Pop(2) is [string module, string name] ? Resolve(module, name) : throw Malformed("a global's name is not text"));
                break;
            case PickleOp.BinPersId: Push(Storage(Pop())); break;
            case PickleOp.Reduce or PickleOp.NewObj:
                Push(Pop(2) switch
                {
                    [PickleGlobal callee, PickleTuple arguments] => Note(callee, arguments),
                    // What a call of something unknown would give may be called in turn.
                    [PickleRecord { Callee: { Kind: GlobalKind.Unknown } callee }, PickleTuple arguments] => new PickleRecord(callee, arguments),
                    _ => throw Malformed("a call that is not of a global with a tuple"),
                });
                break;
            case PickleOp.NewObjEx:
                Push(Pop(3) is [PickleGlobal { Kind: GlobalKind.Unknown } type, PickleTuple given, PickleDict]
                    ? new PickleRecord(type, given) : throw Malformed("a call with named arguments that is not of a global with a tuple and a dict"));
                break;
            case PickleOp.Build: Build(Pop()); break;
            default:
                throw Malformed($"pickle opcode 0x{(byte)op:x2} is not one that plain data needs");
        }
    }

    private PickleGlobal Resolve(string module, string name)
    {
        var global = PickleGlobal.Named(module, name);
        return global.IsHostile ? throw Forbidden(_path, "pickle", global) : global;
    }

    /// <summary>The refusal of a global where none but harmless ones are expected.</summary>
    public static BadInputException Forbidden(string path, string where, PickleGlobal global) => new(path,
        $"its {where} names {Untrusted.Quote(global.Name)}, which is not on the list of harmless globals; nothing was run",
        "if you trust its source, load it in PyTorch and save only tensors and plain values: torch.save({'model': ..., 'cfg': ...}, file)");

    private object Note(PickleGlobal callee, PickleTuple arguments) => callee.Kind switch
    {
        GlobalKind.Constant or GlobalKind.Storage => throw Malformed($"{callee.Name} is called, which is not a function"),
        // Anything but an empty dict with a factory is left as a record: copying arguments would not be bounded.
        GlobalKind.Dictionary when arguments.Items is [] or [PickleGlobal] or [PickleRecord { Callee.Kind: GlobalKind.Unknown }] =>
            new PickleDict(),
        GlobalKind.List when arguments.Items is [] or [PickleTuple { Items: [] }, ..] => new PickleList(),
        GlobalKind.Tensor => Tensor(callee, arguments),
        GlobalKind.Parameter when arguments.Items is [PickleTensor tensor, ..] => tensor,
        _ => new PickleRecord(callee, arguments),
    };

    private object Tensor(PickleGlobal callee, PickleTuple arguments)
    {
        if (arguments.Items is not [PickleStorage storage, long offset, PickleTuple shape, PickleTuple strides, ..]
            || offset < 0 || !TryCounts(shape, out var sizes) || !TryCounts(strides, out var steps) || sizes.Length != steps.Length)
        {
            throw Malformed("a tensor is described wrongly");
        }
        // The seventh argument tells that the values are to be conjugated or negated.
        var asStored = arguments.Items.Length < 7 || arguments.Items[6] is null or PickleDict { Pairs: [] };
        return asStored ? new PickleTensor(storage, offset, sizes, steps) : new PickleRecord(callee, arguments);
    }

    private static bool TryCounts(PickleTuple tuple, out long[] counts)
    {
        counts = [];
        if (tuple.Items.Length > MaxRank || !tuple.Items.All(item => item is long and >= 0)) return false;
        counts = Array.ConvertAll(tuple.Items, item => (long)item!);
        return true;
    }

    private PickleStorage Storage(object? id) =>
        id is PickleTuple { Items: ["storage", PickleGlobal global, string key, string or null, long count and >= 0] }
            && TypeOf(global) is { } type ? new PickleStorage(type, key, count)
            : throw Malformed("a persistent id that is not a storage");

    private static StorageType? TypeOf(PickleGlobal global) => global.StorageType
        ?? (global.Kind == GlobalKind.Unknown ? new StorageType("storage of an unknown type", null) : null);

    private void Build(object? state)
    {
        switch (Peek())
        {
            case PickleRecord record: record.State = state; break;
            case PickleDict: break; // The _metadata of a state dict: of no use here.
            case PickleGlobal { Kind: GlobalKind.Unknown }: break; // A class with attributes of its own.
            default: throw Malformed("BUILD on something that holds no state");
        }
    }

    private void Append(object?[] items)
    {
        switch (Peek())
        {
            case PickleList list: list.Items.AddRange(items); break;
            case PickleRecord { Callee.Kind: GlobalKind.Unknown }: break; // A list of the user's.
            default: throw Malformed("APPEND to something that is not a list");
        }
    }

    private void AddItems(object?[] items)
    {
        switch (Peek())
        {
            case PickleSet set: set.Items.AddRange(items); break;
            case PickleRecord { Callee.Kind: GlobalKind.Unknown }: break;
            default: throw Malformed("ADDITEMS on something that is not a set");
        }
    }

    private void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0) throw Malformed("a key without a value");
        switch (Peek())
        {
            case PickleDict dict:
                for (var i = 0; i < items.Length; i += 2) dict.Set(items[i], items[i + 1]);
                break;
            // A Counter and its like, and dicts of the user's.
            case PickleRecord { Callee.Kind: GlobalKind.Record or GlobalKind.Dictionary or GlobalKind.Unknown }: break;
            default: throw Malformed("SETITEM on something that is not a dict");
        }
    }

    private int Floor => _marks.Count > 0 ? _marks[^1] : 0;

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > Floor ? _stack[^1] : throw Malformed("the stack is empty");

    private object? Pop()
    {
        var top = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private object?[] Pop(int count)
    {
        var items = new object?[count];
        while (count > 0) items[--count] = Pop();
        return items;
    }

    private object?[] PopMark()
    {
        if (_marks.Count == 0) throw Malformed("there is no mark");
        var mark = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        var items = CollectionsMarshal.AsSpan(_stack)[mark..].ToArray();
        _stack.RemoveRange(mark, items.Length);
        return items;
    }

    private object? Recall(uint index) => _memo.TryGetValue(index, out var value) ? value : throw Malformed($"memo {index} is unset");

    private byte TakeByte() => Take(1)[0];

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _pickle.Length - _position) throw Malformed("it ends too early");
        _position += length;
        return _pickle.AsSpan(_position - length, length);
    }

    /// <summary>A length of 1, 4 or 8 bytes, which must not reach beyond the pickle.</summary>
    private int TakeLength(int bytes)
    {
        ulong length = 0;
        var raw = Take(bytes);
        for (var i = 0; i < bytes; i++) length |= (ulong)raw[i] << (8 * i);
        return length <= (ulong)(_pickle.Length - _position) ? (int)length : throw Malformed("it ends too early");
    }

    private string TakeText(int length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("a text is not UTF-8");
        }
    }

    private string TakeLine()
    {
        var length = _pickle.AsSpan(_position).IndexOf((byte)'\n');
        if (length < 0) throw Malformed("it ends too early");
        var line = TakeText(length);
        _position++;
        return line;
    }

    private object TakeLong(int length)
    {
        if (length is < 0 or > MaxLongBytes) throw Malformed($"an integer has {length} bytes");
        var value = new BigInteger(Take(length));
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private BadInputException Malformed(string what) =>
        new(_path, $"its pickle is malformed at byte {_position} of {_pickle.Length}: {what}", Remedy);
}
