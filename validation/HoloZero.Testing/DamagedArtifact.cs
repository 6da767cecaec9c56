using System.Text;
using System.Text.Json;

namespace HoloZero.Testing;

/// <summary>Artifacts that load and fail.</summary>
public static class DamagedArtifact
{
    /// <summary>A copy whose self-check expects a logit of a billion.</summary>
    public static string Copy(string folder, TemporaryFolder target)
    {
        var copy = target["damaged"];
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(folder)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        var golden = Directory.GetFiles(copy, "*.safetensors").Single();
        var bytes = File.ReadAllBytes(golden);
        var header = BitConverter.ToInt32(bytes);
        using var json = JsonDocument.Parse(Encoding.UTF8.GetString(bytes, 8, header));
        var logits = json.RootElement.EnumerateObject().First(entry => entry.Name.EndsWith(".logits", StringComparison.Ordinal));
        BitConverter.GetBytes(1e9).CopyTo(bytes, 8 + header + logits.Value.GetProperty("data_offsets")[0].GetInt32());
        File.WriteAllBytes(golden, bytes);
        return copy;
    }
}
