using HoloZero.Training;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Against PyTorch 1.13: torch.optim.AdamW after torch.nn.utils.clip_grad_norm_(.., 1.0), the same numbers put in.</summary>
public class AdamWTests
{
    private static readonly OptimizerOptions Options = new() { Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-8, WeightDecay = 0.1, ClipNorm = 1 };

    private static readonly
        (float[] Matrix, float[] Vector, double LearningRate, double Norm, double[] NewMatrix, double[] NewVector)[] Steps =
    [
        ([0.5f, -1, 2, 0], [0.25f, -0.75f], 0.01, 2.423840045928955,
            [0.9890000224113464, -1.9880000352859497, 0.4895000159740448, 0.24975000321865082], [0.11500000208616257, -3.990000009536743]),
        ([0.0625f, 0.125f, -0.25f, 0.5f], [0, 0.125f], 0.1, 0.5896238088607788,
            [0.8924875259399414, -1.9251307249069214, 0.44161564111709595, 0.17375651001930237],
            [0.047135233879089355, -3.955447196960449]),
        ([-8, 1, 4, -2], [16, 3], 0.05, 18.70828628540039,
            [0.9014456272125244, -1.9028398990631104, 0.41526636481285095, 0.15145926177501678],
            [0.013152360916137695, -3.957390546798706]),
    ];

    [Fact]
    public void Three_steps_are_those_of_PyTorch()
    {
        using var scope = NewDisposeScope();
        var (matrix, vector) = (tensor(new float[] { 1, -2, 0.5f, 0.25f }, [2, 2]), tensor(new float[] { 0.125f, -4 }, [2]));
        using var optimizer = new AdamW(Options, 0, [(matrix, true, null, null), (vector, false, null, null)]);
        foreach (var step in Steps) Check(optimizer, matrix, vector, step);
        Close([-0.020427780225872993, -0.016822809353470802, 0.06571696698665619, 0.034309547394514084], optimizer.First[0]);
        Close([0.011248614639043808, 0.008565889671444893, 0.03597784414887428, 0.012446428649127483], optimizer.Second[0]);
    }

    [Fact]
    public void A_step_from_saved_moments_is_the_step_that_follows()
    {
        using var scope = NewDisposeScope();
        var (matrix, vector) = (tensor(new float[] { 1, -2, 0.5f, 0.25f }, [2, 2]), tensor(new float[] { 0.125f, -4 }, [2]));
        using var first = new AdamW(Options, 0, [(matrix, true, null, null), (vector, false, null, null)]);
        Check(first, matrix, vector, Steps[0]);
        Check(first, matrix, vector, Steps[1]);
        using var second = new AdamW(Options, first.Steps, [(matrix, true, Floats(first.First[0]), Floats(first.Second[0])),
            (vector, false, Floats(first.First[1]), Floats(first.Second[1]))]);
        Check(second, matrix, vector, Steps[2]);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var parameter = tensor(new float[] { 1, 2 }, [2]);
        using var optimizer = new AdamW(Options, 0, [(parameter, true, null, null)]);
        Assert.False(double.IsFinite(optimizer.Step([tensor(new[] { float.NaN, 1 }, [2])], 0.1)));
        Assert.Equal([1, 2], Floats(parameter));
        Assert.Equal(0, optimizer.Steps);
    }

    private static void Check(AdamW optimizer, Tensor matrix, Tensor vector,
        (float[] Matrix, float[] Vector, double LearningRate, double Norm, double[] NewMatrix, double[] NewVector) step)
    {
        var norm = optimizer.Step([tensor(step.Matrix, [2, 2]), tensor(step.Vector, [2])], step.LearningRate);
        Assert.Equal(step.Norm, norm, 1e-5);
        Close(step.NewMatrix, matrix);
        Close(step.NewVector, vector);
    }

    private static void Close(double[] expected, Tensor actual) =>
        Assert.All(expected.Zip(Floats(actual)), pair => Assert.Equal(pair.First, pair.Second, 1e-6));

    private static float[] Floats(Tensor x) => x.contiguous().data<float>().ToArray();
}
