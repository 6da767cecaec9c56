using System.Globalization;
using Google.Protobuf;
using HoloZero.Artifacts;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Onnx;

/// <summary>Reads back what <see cref="OnnxFile"/> writes, as it lies in its file. Stateless and thread-safe.</summary>
public static class OnnxReader
{
    /// <summary>Reads a model; external data stays where it is until <see cref="Data"/> asks for it.</summary>
    /// <exception cref="BadInputException">The file cannot be read or is no ONNX model.</exception>
    public static ModelProto Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        try
        {
            var model = InputFile.Guard(path, () => ModelProto.Parser.ParseFrom(stream));
            return model.Graph is null ? throw Bad(path, "it holds no graph") : model;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw Bad(path, $"it is no ONNX model ({e.Message})", e);
        }
    }

    /// <summary>The little-endian elements of an initializer, wherever they lie.</summary>
    /// <param name="tensor">The initializer.</param>
    /// <param name="modelPath">The .onnx file, beside which external data lies.</param>
    /// <exception cref="BadInputException">External data is missing, elsewhere or too short.</exception>
    public static ByteString Data(TensorProto tensor, string modelPath)
    {
        if (tensor.DataLocation != DataLocation.External) return tensor.RawData;

        var location = Entry("location");
        if (location != Path.GetFileName(location))
        {
            throw Bad(modelPath,
                $"the data of {Untrusted.Quote(tensor.Name)} lie in {Untrusted.Quote(location)}, which is not a plain file name");
        }

        var path = Path.Combine(Path.GetDirectoryName(modelPath)!, location);
        using var stream = InputFile.OpenRead(path);
        var (offset, length) = (Number("offset"), Number("length"));
        if (offset > stream.Length || length > stream.Length - offset || length > Array.MaxLength)
            throw Bad(path, $"it has {stream.Length} bytes, but {Untrusted.Quote(tensor.Name)} asks for {length} at {offset}");

        return InputFile.Guard(path, () =>
        {
            var bytes = new byte[length];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return UnsafeByteOperations.UnsafeWrap(bytes);
        });

        string Entry(string key) => tensor.ExternalData.FirstOrDefault(entry => entry.Key == key)?.Value
            ?? throw Bad(modelPath, $"the external data of {Untrusted.Quote(tensor.Name)} has no {key}");

        long Number(string key) => long.TryParse(Entry(key), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw Bad(modelPath, $"the external data of {Untrusted.Quote(tensor.Name)} has {key} {Untrusted.Quote(Entry(key))}");
    }

    private static BadInputException Bad(string path, string what, Exception? inner = null) =>
        new(path, what, "export the model again", inner);
}
