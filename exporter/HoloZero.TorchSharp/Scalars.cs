using TorchSharp;

namespace HoloZero.TorchSharp;

/// <summary>
/// Numbers that TorchSharp takes as objects. It does not keep them alive while native code reads them, so one that nobody holds, as in
/// <c>a + b</c> or <c>mul_(0.9)</c>, may be freed by its finalizer in the midst of it. Here each has an owner: this class, or a
/// <c>using</c> around the call.
/// </summary>
internal static class Scalars
{
    /// <summary>The 1 that PyTorch multiplies the second operand of a sum by; lives as long as the process.</summary>
    public static readonly Scalar One = 1.ToScalar();
}
