using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Rows of a graph that takes one sequence a call: they step one after the other.</summary>
internal sealed class SequentialBlock(int rows) : IStateBlock
{
    private readonly IDecoderState?[] _states = new IDecoderState?[rows];
    private readonly float[] _logits = new float[rows * ByteVocabulary.Size];

    public int Rows => _states.Length;

    public void Put(int row, IDecoderState state)
    {
        _states[row]?.Dispose();
        _states[row] = state.Copy();
    }

    public IDecoderState Take(int row) => _states[row]!.Copy();

    public void Move(int from, int to)
    {
        _states[to]?.Dispose();
        (_states[to], _states[from]) = (_states[from], null);
    }

    public ReadOnlySpan<float> Step(RunOptions options, ReadOnlySpan<byte> next)
    {
        for (var row = 0; row < next.Length; row++)
            _states[row]!.Step(options, next[row]).CopyTo(_logits.AsSpan(row * ByteVocabulary.Size));
        return _logits.AsSpan(0, next.Length * ByteVocabulary.Size);
    }

    public int CheckedRows => 0;

    public ReadOnlySpan<float> Check(RunOptions options, ReadOnlySpan<byte> bytes) => throw NotChecked();

    public void Commit(int rows) => throw NotChecked();

    private static InvalidOperationException NotChecked() => new("this graph checks no drafts");

    public void Clear()
    {
        foreach (var state in _states) state?.Dispose();
        Array.Clear(_states);
    }

    public void Dispose() => Clear();
}
