using System.Text;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_back()
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string> { ["b"] = "2", ["a"] = "한글 \u001b" });
        writer.Add("f64", [2], [1.5, double.Epsilon]);
        writer.Add("f32", [1, 3], [1f, float.NaN, -0f]);
        byte[] halves = [.. BitConverter.GetBytes((Half)0.1), .. BitConverter.GetBytes(Half.MaxValue)];
        writer.Add("half", TensorType.Float16, [2], halves);
        writer.Add("bf16", TensorType.BFloat16, [1], new byte[] { 0x80, 0x3f });
        writer.Add("u8", [4], new byte[] { 1, 2, 3, 255 });
        writer.Add("scalar", [], [7f]);
        writer.Add("empty", [0, 5], Array.Empty<float>());
        writer.Write(_folder["file"]);

        using var file = SafetensorsFile.Open(_folder["file"]);
        Assert.Equal(["f64", "f32", "half", "bf16", "u8", "scalar", "empty"], file.Entries.Select(e => e.Name));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "한글 \u001b", ["b"] = "2" },
            file.Metadata.OrderBy(p => p.Key).ToDictionary());
        Assert.Equal([1.5, double.Epsilon], file.ReadFloat64("f64"));
        Assert.Equal([1.5f, 0], file.ReadFloat32("f64"));
        Assert.Equal([1f, float.NaN, -0f], file.ReadFloat32("f32"));
        Assert.Equal([(float)(Half)0.1, 65504], file.ReadFloat32("half"));
        Assert.Equal([(double)(Half)0.1, 65504], file.ReadFloat64("half"));
        Assert.Equal([1f], file.ReadFloat32("bf16"));
        Assert.Equal([1, 2, 3, 255], file.ReadBytes("u8"));
        Assert.Equal([7f], file.ReadFloat32("scalar"));
        Assert.Empty(file.Entry("scalar").Shape);
        Assert.Empty(file.ReadFloat32("empty"));
        Assert.Equal(0, (file.Entries[0].Offset) % 8);
        Assert.Throws<BadInputException>(() => file.ReadFloat32("u8"));
        Assert.Throws<BadInputException>(() => file.ReadBytes("f32"));
        Assert.Throws<BadInputException>(() => file.ReadFloat32("nothing"));
    }

    [Fact]
    public void Long_tensors_survive_in_both_widths()
    {
        var values = Enumerable.Range(0, 200_001).Select(i => i * 0.1f).ToArray();
        var writer = new SafetensorsWriter();
        writer.Add("w", [values.Length], values);
        writer.Add("d", [values.Length], values.Select(v => (double)v).ToArray());
        writer.Write(_folder["file"]);
        using var file = SafetensorsFile.Open(_folder["file"]);
        Assert.Equal(values, file.ReadFloat32("w"));
        Assert.Equal(values, file.ReadFloat32("d"));
        Assert.Equal(values.Select(v => (double)v), file.ReadFloat64("w"));
    }

    [Fact]
    public void Equal_content_gives_equal_bytes()
    {
        Assert.Equal(Write([("b", "1"), ("a", "2")]), Write([("a", "2"), ("b", "1")]));

        static byte[] Write((string Key, string Value)[] metadata)
        {
            var writer = new SafetensorsWriter(metadata.ToDictionary(m => m.Key, m => m.Value));
            writer.Add("x", [1], [1f]);
            using var stream = new MemoryStream();
            writer.Write(stream);
            return stream.ToArray();
        }
    }

    [Fact]
    public void A_failed_write_leaves_nothing_behind()
    {
        File.WriteAllText(_folder["file"], "old");
        var blocked = _folder["taken"];
        Directory.CreateDirectory(blocked);
        var writer = new SafetensorsWriter();
        writer.Add("x", [1], [1f]);
        Assert.Contains("this is a folder", Assert.Throws<BadInputException>(() => writer.Write(blocked)).Message);
        Assert.Throws<BadInputException>(() => writer.Write(_folder["nowhere", "x.safetensors"]));
        writer.Write(_folder["file"]);
        Assert.Equal(["file", "taken"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_writer_refuses_what_does_not_fit()
    {
        var writer = new SafetensorsWriter();
        writer.Add("x", [2], [1f, 2f]);
        Assert.Throws<ArgumentException>(() => writer.Add("x", [2], [1f, 2f]));
        Assert.Throws<ArgumentException>(() => writer.Add("y", [3], [1f, 2f]));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", [2], [1f, 2f]));
        Assert.Throws<ArgumentException>(() => writer.Add("z", TensorType.Float32, [1], new byte[5]));
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, null)]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   """, 8, null)]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "but 7 bytes follow the header")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes at its end belong to no tensor")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "leaves a gap before it")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "lies at bytes 8 to 0")]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "which is not Float32 [3]")]
    [InlineData("""{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}""", 8, "unknown dtype 'F99'")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "which is not Float32")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""", 0, "which is not Float32")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "lacks")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "lacks")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}""", 8, "lacks")]
    [InlineData("""{"x":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "lacks")]
    [InlineData("""{"x":{"shape":[2],"data_offsets":[0,8]}}""", 8, "lacks")]
    [InlineData("""{"x":7}""", 0, "lacks")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "'a' is not a string")]
    [InlineData("""{"__metadata__":[]}""", 0, "__metadata__ is not a JSON object")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "not the JSON")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}""", 2,
        "overlaps")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0, "not Unicode text")]
    [InlineData("""{"x":""", 0, "not the JSON")]
    [InlineData("""{"x":[[[[[[[[[[[[]]]]]]]]]]]]}""", 0, "not the JSON")]
    [InlineData("[]", 0, "not a JSON object")]
    [InlineData("", 0, "not the JSON")]
    public void The_header_is_checked(string header, int dataBytes, string? cause)
    {
        var json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(_folder["file"], [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[dataBytes]]);
        var error = Record.Exception(() => SafetensorsFile.Open(_folder["file"]).Dispose());
        if (cause is null)
        {
            Assert.Null(error);
            return;
        }
        var message = Assert.IsType<BadInputException>(error).Message;
        Assert.StartsWith($"{_folder["file"]}: ", message);
        Assert.Contains(cause, message);
        Assert.DoesNotContain('\n', message);
    }
}
