using HoloZero.Artifacts;

namespace HoloZero.Models;

/// <summary>
/// Where the weights of a network come from: a checkpoint, or a seed. The properties are thread-safe, the methods need not be.
/// </summary>
public interface IWeightSource
{
    /// <summary>What a manifest calls it: a file's name without its folder, or what the weights were made from.</summary>
    string Name { get; }

    /// <summary><c>pytorch-zip</c>, <c>safetensors</c> or <c>random</c>.</summary>
    string Format { get; }

    /// <summary>The network's configuration; what the source does not tell of the reading is our default.</summary>
    AsymDecConfig Config { get; }

    /// <summary>What the source tells of the reading.</summary>
    PartialReading SavedReading { get; }

    /// <summary>Element types that the tensors have there, in lower case, each once, sorted.</summary>
    IReadOnlyList<string> StoredTypes { get; }

    /// <summary>The weights as float32.</summary>
    /// <param name="expectedShapes">Name and shape of every parameter of the network; the source must have these and no other.</param>
    /// <returns>The tensors by name, finite, row-major and contiguous; nobody writes to them.</returns>
    /// <exception cref="BadInputException">The source does not hold this network, or cannot be read.</exception>
    IReadOnlyDictionary<string, WeightTensor> LoadWeights(IReadOnlyDictionary<string, int[]> expectedShapes);

    /// <summary>A SHA-256 in lower-case hexadecimal that tells this source from others.</summary>
    /// <exception cref="BadInputException">The source cannot be read.</exception>
    string Sha256();
}
