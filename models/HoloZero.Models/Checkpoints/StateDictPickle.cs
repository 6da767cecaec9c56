using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace HoloZero.Models.Checkpoints;

/// <summary>Writes the pickle of a checkpoint: the state dict under "model", the configuration under "cfg".</summary>
internal sealed class StateDictPickle
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    private StateDictPickle()
    {
    }

    /// <summary>What "cfg" holds: numbers as long, texts as string.</summary>
    public static IReadOnlyList<KeyValuePair<string, object>> Configuration(AsymDecConfig config) =>
    [
        new("dim", (long)config.Dim), new("dec_layers", (long)config.DecLayers), new("heads", (long)config.Heads),
        new("K", (long)config.SlotBytes), new("door", DoorConfig.Name(config.Door.Kind)),
        // A zero door on HSL's features is what others write and read, who know no other substrate.
        .. config.Door.Substrate == SubstrateKind.Hsl ? (KeyValuePair<string, object>[])[]
            : [new(CheckpointConfig.SubstrateKeys[0], DoorConfig.Name(config.Door.Substrate)),
                new(CheckpointConfig.SubstrateKeys[1], (long)config.Door.Seed)],
        new(CheckpointConfig.ReadingKeys[0], config.PrefixAttention.ToString().ToLowerInvariant()),
        new(CheckpointConfig.ReadingKeys[1], config.StreamPositions.ToString().ToLowerInvariant()),
        new(CheckpointConfig.ReadingKeys[2], config.StreamOrigin.ToString().ToLowerInvariant()),
    ];

    /// <summary>The pickle; tensor i refers to storage i.</summary>
    public static ReadOnlySpan<byte> Write(AsymDecConfig config, IReadOnlyList<WeightTensor> tensors)
    {
        var pickle = new StateDictPickle();
        pickle.Op(PickleOp.Proto).Byte(2).Op(PickleOp.EmptyDict).Op(PickleOp.Mark);
        pickle.Text("model").OrderedDict().Op(PickleOp.Mark);
        for (var i = 0; i < tensors.Count; i++) pickle.Text(tensors[i].Name).Tensor(tensors[i], i);
        pickle.Op(PickleOp.SetItems).Text("cfg").Op(PickleOp.EmptyDict).Op(PickleOp.Mark);
        foreach (var (key, value) in Configuration(config))
        {
            pickle.Text(key);
            if (value is long number) pickle.Integer(number);
            else pickle.Text((string)value);
        }

        pickle.Op(PickleOp.SetItems).Op(PickleOp.SetItems).Op(PickleOp.Stop);
        return pickle._bytes.WrittenSpan;
    }

    /// <summary>_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks).</summary>
    private void Tensor(WeightTensor tensor, int storage)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Op(PickleOp.Mark);
        Op(PickleOp.Mark).Text("storage").Global("torch", "FloatStorage").Text(storage.ToString(CultureInfo.InvariantCulture))
            .Text("cpu").Integer(tensor.Data.LongLength).Op(PickleOp.Tuple).Op(PickleOp.BinPersId);
        Integer(0).Integers(tensor.Shape).Integers(Strides(tensor.Shape)).Op(PickleOp.NewFalse).OrderedDict();
        Op(PickleOp.Tuple).Op(PickleOp.Reduce);
    }

    private StateDictPickle OrderedDict() => Global("collections", "OrderedDict").Op(PickleOp.EmptyTuple).Op(PickleOp.Reduce);

    private StateDictPickle Integers(IReadOnlyList<int> values)
    {
        Op(PickleOp.Mark);
        foreach (var value in values) Integer(value);
        return Op(PickleOp.Tuple);
    }

    private static int[] Strides(IReadOnlyList<int> shape)
    {
        var strides = new int[shape.Count];
        for (int axis = shape.Count - 1, stride = 1; axis >= 0; stride *= shape[axis--]) strides[axis] = stride;
        return strides;
    }

    private StateDictPickle Global(string module, string name)
    {
        Op(PickleOp.Global);
        _bytes.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
        return this;
    }

    private StateDictPickle Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Op(PickleOp.BinUnicode);
        BinaryPrimitives.WriteInt32LittleEndian(_bytes.GetSpan(4), bytes.Length);
        _bytes.Advance(4);
        _bytes.Write(bytes);
        return this;
    }

    private StateDictPickle Integer(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Op(PickleOp.BinInt);
            BinaryPrimitives.WriteInt32LittleEndian(_bytes.GetSpan(4), (int)value);
            _bytes.Advance(4);
            return this;
        }

        Op(PickleOp.Long1).Byte(8);
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
        return this;
    }

    private StateDictPickle Op(PickleOp op) => Byte((byte)op);

    private StateDictPickle Byte(byte value)
    {
        _bytes.Write([value]);
        return this;
    }
}
