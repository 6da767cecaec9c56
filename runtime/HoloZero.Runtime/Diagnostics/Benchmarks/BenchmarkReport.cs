namespace HoloZero.Runtime;

/// <summary>How fast a model runs on this machine. Immutable. Every time is a median over rounds unless its name says otherwise.</summary>
/// <param name="Latency">One byte after the other in one session.</param>
/// <param name="MemoryFloor">What reading the weights alone takes.</param>
/// <param name="LatencyToFloorRatio">Median latency over the memory floor; 1 is the physical limit at batch 1.</param>
/// <param name="PeakResidentBytes">
/// The process's greatest resident memory after loading, decoding and prefilling, before batches and the memory floor were measured.
/// </param>
/// <param name="Prefill">Many bytes at once; null where only latency was measured.</param>
/// <param name="Sampling">Choosing a byte from its logits; null where only latency was measured.</param>
/// <param name="Batches">Several sequences a call; empty where only latency was measured.</param>
public sealed record BenchmarkReport(LatencyResult Latency, MemoryFloorResult MemoryFloor, double LatencyToFloorRatio,
    long PeakResidentBytes, PrefillResult? Prefill, SamplingResult? Sampling, IReadOnlyList<BatchResult> Batches);

/// <summary>Decoding byte by byte from an empty context: each byte is one step and one greedy choice.</summary>
/// <param name="Bytes">Bytes in a round.</param>
/// <param name="MedianMilliseconds">The median byte of a round.</param>
/// <param name="P99Milliseconds">The byte of a round that 99 % are faster than.</param>
/// <param name="MeanMilliseconds">The mean byte of a round.</param>
/// <param name="AllocatedBytesPerStep">Managed memory that a byte allocates, mean.</param>
public sealed record LatencyResult(int Bytes, double MedianMilliseconds, double P99Milliseconds, double MeanMilliseconds,
    double AllocatedBytesPerStep);

/// <summary>Reading memory: the least time that a step can take which uses every weight once.</summary>
/// <param name="WeightBytes">The weights that a step reads: all tensors of the graph but those that it only looks rows up in.</param>
/// <param name="Threads">Threads that read, each its part.</param>
/// <param name="MedianMilliseconds">Time to read as many bytes, over and over.</param>
/// <param name="GigabytesPerSecond">The same as a rate, 10^9 bytes a second.</param>
public sealed record MemoryFloorResult(long WeightBytes, int Threads, double MedianMilliseconds, double GigabytesPerSecond);

/// <summary>Filling an empty context.</summary>
/// <param name="StreamBytes">Bytes given at once as stream.</param>
/// <param name="StreamBytesPerSecond">How fast they are read.</param>
/// <param name="PrefixBytes">Bytes given at once as prefix slots.</param>
/// <param name="PrefixBytesPerSecond">How fast they are read.</param>
public sealed record PrefillResult(int StreamBytes, double StreamBytesPerSecond, int PrefixBytes, double PrefixBytesPerSecond);

/// <summary>Choosing a byte from 258 logits.</summary>
/// <param name="GreedyMicroseconds">The likeliest byte.</param>
/// <param name="NucleusMicroseconds">Drawn with temperature 0.8 and top-p 0.95.</param>
public sealed record SamplingResult(double GreedyMicroseconds, double NucleusMicroseconds);

/// <summary>Several sequences, one call for all.</summary>
/// <param name="Rows">How many sequences.</param>
/// <param name="Steps">Bytes that each has at the end.</param>
/// <param name="StepMilliseconds">Mean time of a call.</param>
/// <param name="BytesPerSecond">Bytes of all sequences together.</param>
public sealed record BatchResult(int Rows, int Steps, double StepMilliseconds, double BytesPerSecond);
