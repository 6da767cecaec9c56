using System.Collections.Immutable;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>A tensor as a checkpoint stores it.</summary>
/// <param name="Name">The parameter's name, without <c>module.</c> and <c>_orig_mod.</c> in front.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Type">Its stored element type.</param>
public sealed record StoredTensor(string Name, ImmutableArray<long> Shape, TensorType Type);
