using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>As many generations wait as may: try again later.</summary>
/// <param name="queued">How many wait.</param>
public sealed class QueueFullException(int queued) : HoloZeroException($"{queued} generations wait already; try again later");

/// <summary>The generator stops: it takes nothing new, or this generation did not end in time.</summary>
public sealed class GeneratorStoppedException() : HoloZeroException("the generator stops and ends what is not done");
