using HoloZero.Artifacts;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>
/// Dropout by seed and place, the same on every machine and for every engine: a resumed run needs no saved generator. Thread-safe.
/// </summary>
/// <param name="rate">The share that is dropped, 0 to below 1.</param>
/// <param name="seed">Of the run.</param>
internal sealed class DropoutMasks(double rate, ulong seed) : IDropout
{
    // Above the draw of MixedTraining; a step has at most 2^16 windows.
    private const ulong Draw = 1UL << 41;
    private const int WindowBits = 17;
    private readonly float _kept = (float)(1 / (1 - rate));
    private readonly ulong _dropped = (ulong)(rate * (1UL << 32));

    /// <inheritdoc/>
    public void Fill(long step, int window, int place, Span<float> factors)
    {
        var state = CounterRandom.Bits(seed, (ulong)step, Draw + ((ulong)place << WindowBits) + (ulong)window);
        var bits = 0UL;
        for (var i = 0; i < factors.Length; i++)
        {
            // 32 bits are enough for a share.
            bits = i % 2 == 0 ? SplitMix64.Next(ref state) : bits >> 32;
            factors[i] = (uint)bits >= _dropped ? _kept : 0;
        }
    }
}
