using HoloZero.Models.Ops;
using HoloZero.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace HoloZero.Conformance;

/// <summary>PyTorch's own kernels, eager, on the CPU.</summary>
internal sealed class TorchSharpInterpreter(ScalarType real, Tolerances tolerances) : Interpreter<torch.Tensor>
{
    public override Tolerances Tolerances => tolerances;

    /// <summary>What both our own refusals and PyTorch's derive from.</summary>
    public override Type RefusalType => typeof(SystemException);

    protected override Type Operations => typeof(TorchSharpOps);

    protected override int[][] Shapes(OperationCase<torch.Tensor> test) => [.. Run(test, op => op).Select(result => result.Shape)];

    protected override Tensor[] Run(OperationCase<torch.Tensor> test, Func<ITensorOps<torch.Tensor>, ITensorOps<torch.Tensor>> decorate)
    {
        using var scope = NewDisposeScope();
        var op = decorate(new TorchSharpOps(name => Value(test.Parameters[name]), real, CPU));
        torch.Tensor[] inputs = [.. test.Inputs.Select(Value)], before = [.. inputs.Select(input => input.clone())];
        Tensor[] results = [.. test.Body(op, inputs).Select(result => Tensor.Of([.. result.shape.Select(length => (int)length)],
            result.numel() == 0 ? [] : result.to_type(ScalarType.Float64).contiguous().data<double>().ToArray()))];

        // An operation that writes to its input is found out; NaN is not equal to itself.
        Assert.All(inputs.Zip(before), pair => Assert.True(pair.First.allclose(pair.Second, 0, 0, equal_nan: true)));
        return results;
    }

    protected override void Refuse(Refusal<torch.Tensor> refusal)
    {
        using var scope = NewDisposeScope();
        var op = new TorchSharpOps(name => throw new ArgumentException($"there is no {name}"), real, CPU)
            .At(Refusal<torch.Tensor>.Module);
        refusal.Body(op, [.. refusal.Inputs.Select(Value)]);
    }

    private torch.Tensor Value(Tensor value) => tensor(value.Values, [.. value.Shape.Select(length => (long)length)], value.Element switch
    {
        Element.Byte => ScalarType.Byte,
        Element.Whole => ScalarType.Int64,
        Element.Condition => ScalarType.Bool,
        _ => real,
    });
}
