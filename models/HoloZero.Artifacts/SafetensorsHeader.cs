using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;

namespace HoloZero.Artifacts;

/// <summary>Parses a safetensors header. It believes nothing: every number is checked against the file before it is kept.</summary>
internal sealed class SafetensorsHeader
{
    private const string Remedy = "copy or download the file again, or write it anew";
    private readonly string _path;
    private readonly long _dataStart;
    private readonly long _dataLength;

    private SafetensorsHeader(string path, long dataStart, long dataLength) =>
        (_path, _dataStart, _dataLength) = (path, dataStart, dataLength);

    public FrozenDictionary<string, string> Metadata { get; private set; } = FrozenDictionary<string, string>.Empty;

    public ImmutableArray<SafetensorsEntry> Entries { get; private set; } = [];

    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header's bytes, UTF-8.</param>
    /// <param name="dataStart">Where the data begin in the file.</param>
    /// <param name="dataLength">How many bytes follow the header.</param>
    public static SafetensorsHeader Parse(string path, byte[] json, long dataStart, long dataLength)
    {
        var header = new SafetensorsHeader(path, dataStart, dataLength);
        if (!Utf8.IsValid(json)) throw header.Bad("its header is not UTF-8");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            header.Read(document.RootElement);
            return header;
        }
        catch (JsonException e)
        {
            throw header.Bad($"its header is not the JSON that the format asks for ({Untrusted.Cut(e.Message)})", e);
        }
        catch (InvalidOperationException e) // An escaped lone surrogate: valid JSON, but no text.
        {
            throw header.Bad("its header has a string that is not Unicode text", e);
        }
    }

    private void Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Bad("its header is not a JSON object");
        var entries = new List<SafetensorsEntry>();
        foreach (var property in root.EnumerateObject())
        {
            if (property.NameEquals("__metadata__")) Metadata = ReadMetadata(property.Value);
            else entries.Add(ReadEntry(property.Name, property.Value));
        }
        Entries = [.. entries.OrderBy(e => e.Offset).ThenBy(e => e.ByteLength)];
        RequireGapless();
    }

    private FrozenDictionary<string, string> ReadMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Bad("its __metadata__ is not a JSON object");
        var pairs = new Dictionary<string, string>();
        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                throw Bad($"its __metadata__ {Untrusted.Quote(property.Name)} is not a string");
            }
            pairs.Add(property.Name, property.Value.GetString()!);
        }
        return pairs.ToFrozenDictionary();
    }

    private SafetensorsEntry ReadEntry(string name, JsonElement value)
    {
        var tensor = $"its tensor {Untrusted.Quote(name)}";
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out var shape) || !TryReadCounts(shape, out var dimensions)
            || !value.TryGetProperty("data_offsets", out var range) || !TryReadCounts(range, out var offsets)
            || offsets.Length != 2)
        {
            throw Bad($"{tensor} lacks a dtype, a shape of counts or two data_offsets");
        }
        if (!TensorTypes.TryParse(dtype.GetString()!, out var type))
        {
            throw Bad($"{tensor} has the unknown dtype {Untrusted.Quote(dtype.GetString()!)}");
        }
        var (begin, end) = (offsets[0], offsets[1]);
        if (begin > end || end > _dataLength)
        {
            throw Bad($"{tensor} lies at bytes {begin} to {end}, but {_dataLength} bytes follow the header");
        }
        if (!TensorShape.TryCountBytes(dimensions, type, out var bytes) || bytes != end - begin)
        {
            throw Bad($"{tensor} has {end - begin} bytes, which is not {type} {TensorShape.Format(dimensions)}");
        }
        return new SafetensorsEntry(name, type, dimensions, _dataStart + begin, end - begin);
    }

    private void RequireGapless()
    {
        var next = _dataStart;
        foreach (var entry in Entries)
        {
            if (entry.Offset != next)
            {
                var what = entry.Offset < next ? "overlaps the tensor before it" : "leaves a gap before it";
                throw Bad($"its tensor {Untrusted.Quote(entry.Name)} {what}");
            }
            next += entry.ByteLength;
        }
        if (next != _dataStart + _dataLength) throw Bad($"{_dataStart + _dataLength - next} bytes at its end belong to no tensor");
    }

    private static bool TryReadCounts(JsonElement array, out ImmutableArray<long> counts)
    {
        counts = [];
        if (array.ValueKind != JsonValueKind.Array) return false;
        var builder = ImmutableArray.CreateBuilder<long>(array.GetArrayLength());
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out var count) || count < 0) return false;
            builder.Add(count);
        }
        counts = builder.MoveToImmutable();
        return true;
    }

    private BadInputException Bad(string what, Exception? inner = null) => new(_path, what, Remedy, inner);
}
