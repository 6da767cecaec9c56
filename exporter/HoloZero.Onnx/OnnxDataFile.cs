using System.Globalization;
using System.Security.Cryptography;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Onnx;

/// <summary>
/// A file of constants beside the graphs that read them; what several of them have in common is there once. Not thread-safe.
/// </summary>
public sealed class OnnxDataFile : IDisposable
{
    /// <summary>Constants start on page borders so that they can be mapped.</summary>
    private const int PageBytes = 4096;

    private readonly FileStream _file;
    private readonly Dictionary<string, (OnnxInitializer Value, byte[] Sha256, long Offset)> _written = new(StringComparer.Ordinal);

    private OnnxDataFile(string path) => (Name, _file) = (Path.GetFileName(path), File.Create(path));

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>A new file with <c>.data</c> behind the name of a graph's. The caller disposes it.</summary>
    /// <param name="graph">The .onnx file.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static OnnxDataFile Beside(string graph) => new(graph + ".data");

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Writes a constant, unless it is there, and says where it is.</summary>
    /// <exception cref="InvalidOperationException">Another one has its name.</exception>
    internal TensorProto Add(OnnxInitializer value)
    {
        var bytes = value.Bytes();
        var sha256 = SHA256.HashData(bytes);
        if (!_written.TryGetValue(value.Name, out var known))
        {
            _file.Write(new byte[(PageBytes - _file.Position % PageBytes) % PageBytes]);
            _written[value.Name] = known = (value, sha256, _file.Position);
            _file.Write(bytes);
        }
        else if (known.Value.Type != value.Type || !known.Value.Dimensions.SequenceEqual(value.Dimensions)
            || !known.Sha256.AsSpan().SequenceEqual(sha256))
        {
            throw new InvalidOperationException($"two different constants are called {value.Name}");
        }

        var proto = OnnxFile.Header(value);
        proto.DataLocation = DataLocation.External;
        proto.ExternalData.Add(Entry("location", Name));
        proto.ExternalData.Add(Entry("offset", known.Offset.ToString(CultureInfo.InvariantCulture)));
        proto.ExternalData.Add(Entry("length", value.ByteCount.ToString(CultureInfo.InvariantCulture)));
        return proto;
    }

    private static StringStringEntryProto Entry(string key, string value) => new() { Key = key, Value = value };
}
