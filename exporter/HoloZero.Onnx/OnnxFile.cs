using Google.Protobuf;
using HoloZero.Artifacts;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Onnx;

/// <summary>A constant of a graph that is about to be written. Immutable.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="Type">Element type, one of <see cref="ElementTypes"/>.</param>
/// <param name="Dimensions">Its shape.</param>
/// <param name="Bytes">Little-endian elements; called when the file is written, so that nothing is held twice.</param>
public sealed record OnnxInitializer(string Name, DataType Type, IReadOnlyList<long> Dimensions, Func<byte[]> Bytes)
{
    /// <summary>The parameter of the network that it holds; null where it holds none.</summary>
    public StoredParameter? Parameter { get; init; }

    /// <summary>The name of the table that it is; null where it is none.</summary>
    public string? Table { get; init; }

    /// <summary>How many bytes <see cref="Bytes"/> gives.</summary>
    public long ByteCount => Dimensions.Aggregate((long)ElementTypes.Of(Type).SizeInBytes(), (size, length) => size * length);
}

/// <summary>Writes .onnx files, with weights inside or beside them. Stateless and thread-safe.</summary>
public static class OnnxFile
{
    /// <summary>Protocol buffers end at 2 GiB; the rest of the file needs a little of it.</summary>
    public const long MaxInlineBytes = int.MaxValue - (64L << 20);

    /// <summary>IR version of the ONNX releases that brought opsets 17 and 18.</summary>
    private const int IrVersion = 8;

    /// <summary>Tensors of at most this size stay in the .onnx file: shape inference reads the values of the small ones.</summary>
    private const int SmallTensorBytes = 1024;

    /// <summary>
    /// Writes a model, and into its metadata what its initializers hold; both files appear complete or not at all only in so far as the
    /// caller's folder does.
    /// </summary>
    /// <param name="graph">The graph without its initializers, which are added to it.</param>
    /// <param name="initializers">The constants that its nodes read.</param>
    /// <param name="path">The .onnx file; external data goes to the same name with <c>.data</c> behind it.</param>
    /// <param name="opsets">Version by operator domain; "" is the standard one.</param>
    /// <param name="producer">Tool name and version.</param>
    /// <param name="maxInlineBytes">Weights beyond this total go to external data.</param>
    /// <param name="shared">
    /// Where they go instead, whatever their total; graphs written with the same one keep what they share once.
    /// </param>
    /// <returns>The names of the files written.</returns>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public static IReadOnlyList<string> Write(GraphProto graph, IReadOnlyList<OnnxInitializer> initializers, string path,
        IReadOnlyDictionary<string, int> opsets, (string Name, string Version) producer, long maxInlineBytes = MaxInlineBytes,
        OnnxDataFile? shared = null)
    {
        var files = new List<string> { Path.GetFileName(path) };
        if (shared is null && initializers.Sum(value => value.ByteCount) <= maxInlineBytes)
        {
            graph.Initializer.AddRange(initializers.Select(Inline));
        }
        else
        {
            using var own = shared is null ? OnnxDataFile.Beside(path) : null;
            var data = shared ?? own!;
            graph.Initializer.AddRange(initializers.Select(value => value.ByteCount <= SmallTensorBytes ? Inline(value) : data.Add(value)));
            files.Add(data.Name);
        }

        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = producer.Name,
            ProducerVersion = producer.Version,
            Graph = graph,
            OpsetImport =
            {
                opsets.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => new OperatorSetIdProto { Domain = pair.Key, Version = pair.Value }),
            },
            MetadataProps = { Contents(initializers).ToProto() },
        };
        using var file = File.Create(path);
        model.WriteTo(file);
        return files;
    }

    private static GraphContents Contents(IReadOnlyList<OnnxInitializer> initializers) => new(
        [.. initializers.Select(value => value.Parameter).OfType<StoredParameter>()],
        [.. initializers.Where(value => value.Table is not null).Select(value => new StoredTable(value.Table!, value.Name))]);

    internal static TensorProto Header(OnnxInitializer value) =>
        new() { Name = value.Name, DataType = value.Type, Dims = { value.Dimensions } };

    private static TensorProto Inline(OnnxInitializer value)
    {
        var proto = Header(value);
        proto.RawData = UnsafeByteOperations.UnsafeWrap(value.Bytes());
        return proto;
    }
}
