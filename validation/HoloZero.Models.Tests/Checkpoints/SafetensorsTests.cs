using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>Checkpoints in the format; the format itself is tested where it is read.</summary>
public class SafetensorsTests
{
    [Fact]
    public void A_configuration_is_needed()
    {
        using var twin = SafetensorsFile.Open(Repository.Golden("tiny.safetensors"));
        foreach (var key in twin.Metadata.Keys)
        {
            using var made = new CheckpointFile();
            new SafetensorsWriter(twin.Metadata.Where(p => p.Key != key).ToDictionary()).Write(made.Path);
            Assert.Contains($"its __metadata__ has no {key}", made.Refusal());
        }
    }

    [Fact]
    public void A_learned_door_is_refused_and_prefixes_are_stripped()
    {
        using var twin = SafetensorsFile.Open(Repository.Golden("tiny.safetensors"));
        using var made = new CheckpointFile();
        var writer = new SafetensorsWriter(twin.Metadata);
        writer.Add("module.w", [1], [3f]);
        writer.Write(made.Path);
        Assert.Equal([3f], made.Load(("w", [1]))["w"].Data);
        new SafetensorsWriter(twin.Metadata.ToDictionary(p => p.Key, p => p.Key == "door" ? "learned" : p.Value)).Write(made.Path);
        Assert.Contains("its door is 'learned'", made.Refusal());
    }
}
