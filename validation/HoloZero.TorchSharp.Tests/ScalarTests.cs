using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using HoloZero.Models.Ops;
using HoloZero.Models.Training;
using HoloZero.Testing;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp.Tests;

/// <summary>
/// TorchSharp frees a number that nobody holds while native code reads it: "Scalar invalid", a wrong sum or the end of the process, now and
/// then, when the garbage is collected at that moment.
/// </summary>
public class ScalarTests
{
    [Fact]
    public void Additions_beside_a_thread_that_collects_are_right()
    {
        TorchSharpHere.Require();
        using var scope = NewDisposeScope();
        ITensorOps<Tensor> op = new TorchSharpOps(_ => throw new NotSupportedException(), ScalarType.Float32, CPU);
        var (a, b) = (tensor(new[] { 1f, 2, 3, 4 }), tensor(new[] { 10f, 20, 30, 40 }));
        WhileCollecting(() =>
        {
            for (var i = 0; i < 300_000; i++)
            {
                using var each = NewDisposeScope();
                var sum = op.Apply(BinaryFunction.Add, a, b);
                if (i % 100 == 0) Assert.Equal([11, 22, 33, 44], sum.data<float>().ToArray());
            }
        });
    }

    [Fact]
    public void Ranges_and_steps_of_AdamW_beside_a_thread_that_collects_are_right()
    {
        TorchSharpHere.Require();
        using var scope = NewDisposeScope();
        ITensorOps<Tensor> op = new TorchSharpOps(_ => throw new NotSupportedException(), ScalarType.Float32, CPU);
        var (three, two) = (tensor(3L), tensor(2L));
        var parameter = tensor(new[] { 1f, -1 });
        using var optimizer = new AdamW(new OptimizerOptions { WeightDecay = 0 }, 0, [(parameter, true, null, null)]);
        WhileCollecting(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                using var each = NewDisposeScope();
                Assert.Equal([3L, 4], op.Range(three, two).data<long>().ToArray());

                // The gradient of one sign moves a parameter by the learning rate, whatever its size.
                optimizer.Step([tensor(new[] { 0.5f, -0.25f })], 1e-5);
            }
        });
        Assert.All(parameter.data<float>().ToArray().Zip([1 - 0.2f, -1 + 0.2f]), pair => Assert.Equal(pair.Second, pair.First, 1e-3f));
    }

    /// <summary>By what the assembly refers to, so that no operator slips in: each of these makes a number that nobody holds.</summary>
    [Fact]
    public void Our_code_calls_nothing_that_makes_a_number_behind_its_back()
    {
        using var file = new PEReader(File.OpenRead(typeof(TorchSharpOps).Assembly.Location));
        var metadata = file.GetMetadataReader();
        var members = metadata.MemberReferences.Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference).Select(member =>
            {
                var type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);

                // A method's signature: how it is called, then how many parameters it has.
                var signature = metadata.GetBlobReader(member.Signature);
                var parameters = signature.ReadSignatureHeader().Kind == SignatureKind.Method ? signature.ReadCompressedInteger() : 0;
                return (Type: metadata.GetString(type.Name), Name: metadata.GetString(member.Name), Parameters: parameters);
            }).ToArray();
        Assert.Contains(("Tensor", "add", 2), members);
        Assert.DoesNotContain(members, member => member.Type == "Scalar" && member.Name == "op_Implicit"
            || member.Type == "Tensor" && (member.Name.StartsWith("op_", StringComparison.Ordinal) || member.Name == "ToScalar"
                || member.Name is "add" or "add_" && member.Parameters == 1)
            || member.Type == "torch" && member.Name == "arange" && member.Parameters < 6);
    }

    private static void WhileCollecting(Action work)
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        })
        { IsBackground = true };
        collector.Start();
        try
        {
            work();
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }
}
