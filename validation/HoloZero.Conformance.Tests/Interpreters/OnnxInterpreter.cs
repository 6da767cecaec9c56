using HoloZero.Conformance.Fused;
using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>A variant of the exported graph: each case is recorded, written, and run by ONNX Runtime on the processor.</summary>
internal sealed class OnnxInterpreter(GraphVariant variant, Tolerances tolerances) : Interpreter<GraphValue>
{
    public override Tolerances Tolerances => tolerances;

    public override Type RefusalType => typeof(ShapeException);

    protected override Type Operations { get; } = variant.Interpreter(new GraphRecorder(), _ => [], Recording.NoRanges).GetType();

    protected override int[][] Shapes(OperationCase<GraphValue> test)
    {
        // Recorded at the shapes of the case itself, since these are what is compared.
        var graph = Record(test with { RecordedWith = test.Inputs }, op => op);
        return [.. graph.Outputs.Select(port => port.Value.Shape.Dimensions)];
    }

    protected override Tensor[] Run(OperationCase<GraphValue> test, Func<ITensorOps<GraphValue>, ITensorOps<GraphValue>> decorate)
    {
        using var graph = new GraphRun(Record(test, decorate), variant.Opsets);
        return graph.Run(test.Inputs);
    }

    protected override void Refuse(Refusal<GraphValue> refusal)
    {
        var op = variant.Interpreter(new GraphRecorder(), _ => [], Recording.NoRanges);
        refusal.Body(op.At(Refusal<GraphValue>.Module), [.. refusal.Inputs.Select((tensor, i) => GraphRun.Input(tensor, i).Value)]);
    }

    private RecordedGraph Record(OperationCase<GraphValue> test, Func<ITensorOps<GraphValue>, ITensorOps<GraphValue>> decorate)
    {
        var recorder = new GraphRecorder();
        GraphPort[] inputs = [.. test.RecordedWith.Select(GraphRun.Input)];
        var op = decorate(variant.Interpreter(recorder, name => [.. test.Parameters[name].Values.Select(value => (float)value)],
            Recording.NoRanges));
        var results = test.Body(op, [.. inputs.Select(port => port.Value)]);

        // An output of its own for each result: one value may be wanted twice, or be an input that came through untouched.
        var outputs = results.Select(result => result.Record())
            .Select(result => recorder.Node("result", "Identity", result.Type, result.Shape, [result]));
        return new(test.Operation, recorder, inputs, [.. outputs.Select(GraphRun.Port)]);
    }
}
