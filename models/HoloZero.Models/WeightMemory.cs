using HoloZero.Artifacts;

namespace HoloZero.Models;

/// <summary>Asks, before weights are made up, whether there is room for them. Stateless and thread-safe.</summary>
public static class WeightMemory
{
    /// <summary>Refuses shapes whose float32 weights this process cannot hold.</summary>
    /// <param name="shapes">The parameters by name.</param>
    /// <exception cref="BadInputException">A parameter has more elements than an array.</exception>
    /// <exception cref="MissingCapabilityException">Together they need more memory than the process may use.</exception>
    public static void Require(IReadOnlyDictionary<string, int[]> shapes)
    {
        Int128 bytes = 0;
        foreach (var (name, shape) in shapes)
        {
            var count = shape.Aggregate((Int128)1, (product, length) => product * length);
            if (count > Array.MaxLength)
            {
                throw new BadInputException("configuration",
                    $"{Untrusted.Quote(name)} would have {count} elements, at most {Array.MaxLength} are possible", "choose a smaller dim");
            }

            bytes += count * sizeof(float);
        }

        var there = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes <= there) return;
        throw new MissingCapabilityException($"the weights of this configuration need {bytes} bytes, this process may use {there}",
            "choose a smaller dim or fewer dec_layers, or a machine with more memory");
    }
}
