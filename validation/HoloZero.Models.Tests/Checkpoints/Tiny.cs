namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>The parameters of the golden network: d 64, 2 layers, H 4, K 2. Written out by hand, not derived from AsymDec.</summary>
internal static class Tiny
{
    public static Dictionary<string, int[]> Shapes()
    {
        var shapes = new Dictionary<string, int[]>
        {
            ["norm.weight"] = [64],
            ["norm.bias"] = [64],
            ["head.weight"] = [258, 64],
            ["head.bias"] = [258],
        };
        foreach (var i in new[] { 0, 1 })
        {
            foreach (var norm in new[] { $"self_blocks.{i}.norm1", $"self_blocks.{i}.norm2", $"mem_blocks.{i}.norm" })
            {
                shapes.Add($"{norm}.weight", [64]);
                shapes.Add($"{norm}.bias", [64]);
            }
            foreach (var block in new[] { $"self_blocks.{i}", $"mem_blocks.{i}" })
            {
                shapes.Add($"{block}.qkv.weight", [192, 64]);
                shapes.Add($"{block}.qkv.bias", [192]);
                shapes.Add($"{block}.proj.weight", [64, 64]);
                shapes.Add($"{block}.proj.bias", [64]);
            }
            shapes.Add($"self_blocks.{i}.ff.0.weight", [256, 64]);
            shapes.Add($"self_blocks.{i}.ff.0.bias", [256]);
            shapes.Add($"self_blocks.{i}.ff.3.weight", [64, 256]);
            shapes.Add($"self_blocks.{i}.ff.3.bias", [64]);
            shapes.Add($"mem_blocks.{i}.gate", [1]);
        }
        return shapes;
    }
}
