using System.Buffers.Binary;
using System.Text;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>Writes pickles as torch.save does (protocol 2), and the odd thing that it would not write.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _bytes = new();

    public PickleWriter() => Raw(0x80, 2);

    public static byte[] Checkpoint(IEnumerable<(string Name, Action<PickleWriter> Value)> model,
        params (string Key, Action<PickleWriter> Value)[] others)
    {
        var pickle = new PickleWriter();
        pickle.Dict(
        [
            ("model", p => p.Dict(model)),
            ("cfg", p => p.Dict(
            [
                ("dim", d => d.Int(64)), ("dec_layers", d => d.Int(2)), ("heads", d => d.Int(4)), ("K", d => d.Int(2)),
                ("door", d => d.Text("zero")),
            ])),
            .. others,
        ]);
        return pickle.Stop();
    }

    public PickleWriter Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public PickleWriter Int(int value)
    {
        Span<byte> raw = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(raw, value);
        return Raw((byte)'J').Raw(raw);
    }

    public PickleWriter Long(long value)
    {
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(raw, value);
        return Raw(0x8a, 8).Raw(raw);
    }

    public PickleWriter Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Raw((byte)'X').Raw(length).Raw(utf8);
    }

    public PickleWriter Global(string module, string name) => Raw((byte)'c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Tuple(params ReadOnlySpan<Action<PickleWriter>> items)
    {
        Raw((byte)'(');
        foreach (var item in items) item(this);
        return Raw((byte)'t');
    }

    public PickleWriter Longs(params long[] items) => Tuple([.. items.Select<long, Action<PickleWriter>>(item => p => p.Long(item))]);

    public PickleWriter Call(string module, string name, params ReadOnlySpan<Action<PickleWriter>> arguments) =>
        Global(module, name).Tuple(arguments).Raw((byte)'R');

    public PickleWriter Dict(IEnumerable<(string Key, Action<PickleWriter> Value)> pairs)
    {
        Raw((byte)'}', (byte)'(');
        foreach (var (key, value) in pairs) value(Text(key));
        return Raw((byte)'u');
    }

    public PickleWriter Tensor(string storageType, string key, long count, long offset, long[] shape, long[] strides) =>
        Call("torch._utils", "_rebuild_tensor_v2",
            p => p.Tuple(s => s.Text("storage"), s => s.Global("torch", storageType), s => s.Text(key), s => s.Text("cpu"),
                s => s.Long(count)).Raw((byte)'Q'),
            p => p.Long(offset), p => p.Longs(shape), p => p.Longs(strides), p => p.Raw(0x89), p => p.Call("collections", "OrderedDict"));

    public byte[] Stop()
    {
        Raw((byte)'.');
        return _bytes.ToArray();
    }
}
