using System.Collections.Immutable;

namespace HoloZero.Models;

/// <summary>A weight of a network. Its data are not copied: whoever holds the tensor shares them, and nobody writes to them.</summary>
/// <param name="Name">The parameter's name, such as <c>self_blocks.0.qkv.weight</c>.</param>
/// <param name="Shape">Its shape; a linear layer's weight is [out, in].</param>
/// <param name="Data">Its elements, float32, row-major and contiguous, all finite.</param>
public sealed record WeightTensor(string Name, ImmutableArray<int> Shape, float[] Data);
