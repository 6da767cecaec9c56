using LLama;
using LLama.Common;
using LLama.Native;

namespace HoloZero.Peers.LLamaSharp;

/// <summary>llama.cpp through LLamaSharp's own batches.</summary>
internal sealed class LlamaCpp : IPeer
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;
    private readonly LLamaBatch _batch = new();
    private readonly int[] _choices = new int[PeerSizes.BatchRows];
    private readonly int _choosable;
    private int _rows, _position;

    /// <param name="file">A .gguf file.</param>
    /// <param name="threads">Threads of every call.</param>
    /// <param name="sizes">What it is to have room for.</param>
    public LlamaCpp(string file, int threads, PeerSizes sizes)
    {
        NativeLibraryConfig.All.WithLogCallback((_, _) => { });
        // Room for a sequence comes in steps of 256.
        var (room, call) = ((uint)(sizes.Positions + 255) / 256 * 256, (uint)Math.Max(512, sizes.Prefill));
        var options = new ModelParams(file)
        {
            ContextSize = PeerSizes.BatchRows * room,
            Threads = threads,
            BatchThreads = threads,
            BatchSize = call,
            UBatchSize = call,
            SeqMax = PeerSizes.BatchRows,
            GpuLayerCount = 0,
        };
        _weights = LLamaWeights.LoadFromFile(options);
        _context = _weights.CreateContext(options);
        _choosable = _weights.Vocab.Count - 1;
        Software = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LLamaSharp"] = PeerPackage.VersionOf("LLamaSharp"),
            ["library"] = LoadedLibrary(),
        };
    }

    public IReadOnlyDictionary<string, string> Software { get; }

    public void Clear(int rows, int positions)
    {
        _context.NativeHandle.MemoryClear();
        _rows = rows;
    }

    public int Read(int[] prompt)
    {
        _position = prompt.Length;
        _batch.Clear();
        for (var row = 0; row < _rows; row++)
        {
            for (var i = 0; i < prompt.Length; i++) _batch.Add(prompt[i], i, (LLamaSeqId)row, logits: i == prompt.Length - 1);
        }

        return Decode(row => (row + 1) * prompt.Length - 1);
    }

    public int Step()
    {
        _batch.Clear();
        for (var row = 0; row < _rows; row++) _batch.Add(_choices[row], _position, (LLamaSeqId)row, logits: true);
        _position++;
        return Decode(row => row);
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    private int Decode(Func<int, int> placeOfLogits)
    {
        if (_context.NativeHandle.Decode(_batch) is var result and not DecodeResult.Ok)
            throw new InvalidOperationException($"llama.cpp does not decode: {result}");
        for (var row = 0; row < _rows; row++) _choices[row] = Greatest(_context.NativeHandle.GetLogitsIth(placeOfLogits(row)));
        return _choices[0];
    }

    private int Greatest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < _choosable; i++)
            if (logits[i] > logits[best]) best = i;
        return best;
    }

    /// <summary>Of the builds for several processors one is loaded; the folder that it lies in says for which.</summary>
    private static string LoadedLibrary()
    {
        if (!File.Exists("/proc/self/maps")) return "unknown";
        var path = File.ReadLines("/proc/self/maps").FirstOrDefault(line => line.EndsWith("/libggml-cpu.so", StringComparison.Ordinal));
        return path is null ? "unknown" : Path.GetFileName(Path.GetDirectoryName(path))!;
    }
}
