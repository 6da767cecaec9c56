using System.Collections.Frozen;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>What a REDUCE or NEWOBJ of an allowed global amounts to.</summary>
internal enum GlobalKind
{
    /// <summary>A value, not to be called.</summary>
    Constant,

    /// <summary>An inert <see cref="PickleRecord"/>.</summary>
    Record,

    /// <summary>An empty <see cref="PickleDict"/>.</summary>
    Dictionary,

    /// <summary>An empty <see cref="PickleList"/>.</summary>
    List,

    /// <summary>A <see cref="PickleTensor"/>.</summary>
    Tensor,

    /// <summary>The tensor in its first argument.</summary>
    Parameter,

    /// <summary>The element type of a storage; not to be called.</summary>
    Storage,

    /// <summary>A record: <c>encode(text, encoding)</c>.</summary>
    Encode,

    /// <summary>A record: <c>scalar(dtype, bytes)</c>.</summary>
    NumpyScalar,

    /// <summary>A record: <c>dtype(code, align, copy)</c>.</summary>
    NumpyType,
}

/// <summary>
/// A global that a pickle may name. The list below is all there is, and nothing on it is ever called. It is wide enough for the
/// training state that commonly stands beside a model: optimizer, scheduler, random states, parsed arguments, paths, scalars.
/// </summary>
internal sealed class PickleGlobal
{
    private const int MaxNameLength = 256;

    private static readonly FrozenDictionary<(string Module, string Name), PickleGlobal> Allowed = new[]
    {
        List(GlobalKind.Tensor, "torch._utils", "_rebuild_tensor_v2"),
        List(GlobalKind.Parameter, "torch._utils", "_rebuild_parameter", "_rebuild_parameter_with_state"),
        List(GlobalKind.Record, "torch._utils", "_rebuild_tensor", "_rebuild_tensor_v3", "_rebuild_sparse_tensor", "_rebuild_qtensor",
            "_rebuild_meta_tensor_no_storage"),
        List(GlobalKind.Record, "torch._tensor", "_rebuild_from_type_v2"),
        Storages("torch", ("FloatStorage", TensorType.Float32), ("HalfStorage", TensorType.Float16),
            ("BFloat16Storage", TensorType.BFloat16), ("DoubleStorage", TensorType.Float64), ("LongStorage", TensorType.Int64),
            ("IntStorage", TensorType.Int32), ("ShortStorage", TensorType.Int16), ("CharStorage", TensorType.Int8),
            ("ByteStorage", TensorType.UInt8), ("BoolStorage", TensorType.Boolean), ("ComplexFloatStorage", null),
            ("ComplexDoubleStorage", null), ("QInt8Storage", null), ("QUInt8Storage", null), ("QInt32Storage", null)),
        Storages("torch.storage", ("UntypedStorage", null), ("TypedStorage", null)),
        List(GlobalKind.Record, "torch", "Size", "device", "Tensor"),
        List(GlobalKind.Record, "torch.serialization", "_get_layout"),
        List(GlobalKind.Record, "torch.nn.parameter", "Parameter"),
        List(GlobalKind.Constant, "torch", "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint64",
            "uint32", "uint16", "uint8", "bool", "complex32", "complex64", "complex128", "qint8", "quint8", "qint32", "float8_e4m3fn",
            "float8_e5m2", "per_tensor_affine", "per_channel_affine", "contiguous_format", "channels_last", "preserve_format"),
        List(GlobalKind.Dictionary, "collections", "OrderedDict", "defaultdict"),
        List(GlobalKind.List, "collections", "deque"),
        List(GlobalKind.Record, "collections", "Counter"),
        Builtins("builtins"),
        Builtins("__builtin__"),
        List(GlobalKind.Encode, "_codecs", "encode"),
        List(GlobalKind.Record, "argparse", "Namespace"),
        Paths("pathlib"),
        Paths("pathlib._local"),
        List(GlobalKind.NumpyType, "numpy", "dtype"),
        List(GlobalKind.Record, "numpy", "ndarray"),
        NumpyCore("numpy.core"),
        NumpyCore("numpy._core"),
    }.SelectMany(globals => globals).ToFrozenDictionary(global => (global._module, global._name));

    private readonly string _module;
    private readonly string _name;

    private PickleGlobal(string module, string name, GlobalKind kind, StorageType? storage = null) =>
        (_module, _name, Kind, StorageType) = (module, name, kind, storage);

    /// <summary>Module and name, joined by a dot.</summary>
    public string Name => $"{_module}.{_name}";

    public GlobalKind Kind { get; }

    /// <summary>Set where <see cref="Kind"/> is <see cref="GlobalKind.Storage"/>.</summary>
    public StorageType? StorageType { get; }

    /// <summary>The allowed global of that name, or null.</summary>
    public static PickleGlobal? Find(string module, string name) => module.Length + name.Length <= MaxNameLength
        && Allowed.TryGetValue((module, name), out var global) ? global : null;

    private static IEnumerable<PickleGlobal> List(GlobalKind kind, string module, params string[] names) =>
        names.Select(name => new PickleGlobal(module, name, kind));

    private static IEnumerable<PickleGlobal> Storages(string module, params (string Name, TensorType? Type)[] types) =>
        types.Select(t => new PickleGlobal(module, t.Name, GlobalKind.Storage, new StorageType(t.Name, t.Type)));

    private static IEnumerable<PickleGlobal> Builtins(string module) =>
    [
        .. List(GlobalKind.Dictionary, module, "dict"),
        .. List(GlobalKind.List, module, "list"),
        .. List(GlobalKind.Record, module, "set", "frozenset", "tuple", "complex", "slice", "range", "bytes", "bytearray", "int", "float",
            "bool", "str"),
    ];

    private static IEnumerable<PickleGlobal> Paths(string module) =>
        List(GlobalKind.Record, module, "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath");

    private static IEnumerable<PickleGlobal> NumpyCore(string module) =>
    [
        .. List(GlobalKind.NumpyScalar, $"{module}.multiarray", "scalar"),
        .. List(GlobalKind.Record, $"{module}.multiarray", "_reconstruct"),
        .. List(GlobalKind.Record, $"{module}.numeric", "_frombuffer"),
    ];
}
