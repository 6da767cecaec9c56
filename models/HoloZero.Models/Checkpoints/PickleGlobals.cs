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

    /// <summary>A record of which only the name is known: no part of a model or its configuration.</summary>
    Unknown,
}

/// <summary>
/// A global that a pickle names. Nothing is ever imported or called, on the list below or not. What is on it may stand in a model or its
/// configuration; any other is <see cref="GlobalKind.Unknown"/> and may stand beside them only, in the training state: a date, an enum, a
/// class of the user's.
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

    /// <summary>
    /// Modules and functions that honest training state has no use for: they run commands or code. Here they could not, but whoever put
    /// them there meant harm to other readers, and that is worth a refusal.
    /// </summary>
    private static readonly FrozenSet<string> HostileModules = new[]
    {
        "posix", "nt", "os", "subprocess", "pty", "runpy", "importlib", "ctypes", "shutil", "socket", "webbrowser", "code", "codeop",
        "commands", "popen2", "marshal", "pickle", "_pickle", "sys", "torch.hub", "pip", "asyncio.subprocess",
    }.ToFrozenSet();

    private static readonly FrozenSet<string> HostileBuiltins =
        new[] { "eval", "exec", "execfile", "compile", "__import__", "open", "input", "breakpoint", "globals", "apply" }.ToFrozenSet();

    private readonly string _module;
    private readonly string _name;

    private PickleGlobal(string module, string name, GlobalKind kind, StorageType? storage = null) =>
        (_module, _name, Kind, StorageType) = (module, name, kind, storage);

    /// <summary>Module and name, joined by a dot.</summary>
    public string Name => $"{_module}.{_name}";

    public GlobalKind Kind { get; }

    /// <summary>Set where <see cref="Kind"/> is <see cref="GlobalKind.Storage"/>.</summary>
    public StorageType? StorageType { get; }

    /// <summary>The global of that name, which need not exist anywhere.</summary>
    public static PickleGlobal Named(string module, string name) => module.Length + name.Length <= MaxNameLength
        && Allowed.TryGetValue((module, name), out var global) ? global : new(module, name, GlobalKind.Unknown);

    /// <summary>Whether it serves to run something, wherever it stands.</summary>
    public bool IsHostile => Kind == GlobalKind.Unknown && _module.Length + _name.Length <= MaxNameLength
        && (HostileModules.Contains(_module) || _module is "builtins" or "__builtin__" && HostileBuiltins.Contains(_name));

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
