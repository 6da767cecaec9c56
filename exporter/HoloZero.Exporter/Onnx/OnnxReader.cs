using Google.Protobuf;
using HoloZero.Artifacts;
using static HoloZero.Exporter.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Onnx;

/// <summary>Reads back what <see cref="OnnxFile"/> writes, for those who inspect a graph as it lies in its file.</summary>
internal static class OnnxReader
{
    /// <summary>Reads a model; external data stays where it is until <see cref="Data"/> asks for it.</summary>
    /// <exception cref="BadInputException">The file cannot be read or is no ONNX model.</exception>
    public static ModelProto Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        try
        {
            var model = InputFile.Guard(path, () => ModelProto.Parser.ParseFrom(stream));
            return model.Graph is null ? throw NotAModel("it holds no graph") : model;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw NotAModel($"it is no ONNX model ({e.Message})", e);
        }

        BadInputException NotAModel(string what, Exception? inner = null) => new(path, what, "export the model again", inner);
    }

    /// <summary>The little-endian elements of an initializer, wherever they lie.</summary>
    /// <param name="tensor">The initializer.</param>
    /// <param name="modelPath">The .onnx file, beside which external data lies.</param>
    /// <exception cref="BadInputException">External data is missing, too short or beyond 2 GiB.</exception>
    public static ByteString Data(TensorProto tensor, string modelPath)
    {
        if (tensor.DataLocation != DataLocation.External) return tensor.RawData;

        var entries = tensor.ExternalData.ToDictionary(entry => entry.Key, entry => entry.Value);
        if (!entries.TryGetValue("location", out var name) || name != Path.GetFileName(name)
            || !int.TryParse(entries.GetValueOrDefault("length"), out var length) || length < 0
            || !long.TryParse(entries.GetValueOrDefault("offset"), out var offset) || offset < 0)
        {
            throw new BadInputException(modelPath, $"it does not say where the data of {Untrusted.Quote(tensor.Name)} lies", "export the model again");
        }

        var path = Path.Combine(Path.GetDirectoryName(modelPath)!, name);
        using var stream = InputFile.OpenRead(path);
        return InputFile.Guard(path, () =>
        {
            var bytes = new byte[length];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            return UnsafeByteOperations.UnsafeWrap(bytes);
        });
    }
}
