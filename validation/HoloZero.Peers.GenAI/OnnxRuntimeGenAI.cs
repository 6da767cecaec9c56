using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace HoloZero.Peers.GenAI;

/// <summary>ONNX Runtime's own generator.</summary>
internal sealed class OnnxRuntimeGenAI : IPeer
{
    private readonly Config _config;
    private readonly Model _model;
    private GeneratorParams? _options;
    private Generator? _generator;
    private int _rows;

    /// <param name="folder">A graph and its genai_config.json.</param>
    /// <param name="threads">Threads of every call.</param>
    public OnnxRuntimeGenAI(string folder, int threads)
    {
        _config = new(folder);
        _config.Overlay($$"""{"model": {"decoder": {"session_options": {"intra_op_num_threads": {{threads}} } } } }""");
        _model = new(_config);
        Software = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OnnxRuntimeGenAI"] = PeerPackage.VersionOf("Microsoft.ML.OnnxRuntimeGenAI"),
            ["ONNX Runtime"] = OrtEnv.Instance().GetVersionString(),
        };
    }

    public IReadOnlyDictionary<string, string> Software { get; }

    public void Clear(int rows, int positions)
    {
        Forget();
        _rows = rows;
        _options = new(_model);
        _options.SetSearchOption("batch_size", rows);
        _options.SetSearchOption("max_length", positions);
        // The token that ends a text is not chosen before this length.
        _options.SetSearchOption("min_length", positions);
        _generator = new(_model, _options);
    }

    public int Read(int[] prompt)
    {
        _generator!.AppendTokens([.. Enumerable.Repeat(prompt, _rows).SelectMany(tokens => tokens)]);
        return Step();
    }

    public int Step()
    {
        _generator!.GenerateNextToken();
        return _generator.GetNextTokens()[0];
    }

    public void Dispose()
    {
        Forget();
        _model.Dispose();
        _config.Dispose();
    }

    private void Forget()
    {
        _generator?.Dispose();
        _options?.Dispose();
    }
}
