using System.Runtime.InteropServices;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Fused;

/// <summary>
/// The fused operators as ONNX Runtime's CUDA provider has them, in float16 wherever attention reaches. Only what is computed of lengths
/// and positions alone lies on the processor, as everywhere with CUDA: attention wants the longest sequence from there.
/// </summary>
internal sealed class CudaOnnxOps : FusedOnnxOps, ITensorOps<GraphValue>
{
    /// <param name="graph">Where nodes are recorded.</param>
    /// <param name="parameters">Float32 data of each parameter by full name, row-major in the checkpoint's layout.</param>
    /// <param name="formats">
    /// How weights are stored: float16, in blocks with scales of float16, or float32 where the product is to be, too.
    /// </param>
    /// <param name="ranges">Never asked.</param>
    public CudaOnnxOps(GraphRecorder graph, Func<string, float[]> parameters, LinearFormats formats, Func<string, ActivationRange> ranges)
        : base(graph, parameters, formats, ranges)
    {
    }

    private CudaOnnxOps(CudaOnnxOps parent, string module) : base(parent, module)
    {
    }

    public override ITensorOps<GraphValue> At(string module) => new CudaOnnxOps(this, module);

    protected internal override DataType Activation => Format.Type == DataType.Float ? DataType.Float : DataType.Float16;

    /// <summary>CUDA has no xor: a table does it.</summary>
    protected override GraphValue Changes(GraphValue from, GraphValue to)
    {
        const int codes = 2 * FusedState.PresentByte;
        var table = Graph.Initializer("door/xor", DataType.Int32, new([codes * codes]), () => MemoryMarshal.AsBytes<int>(
            [.. Enumerable.Range(0, codes * codes).Select(i => (i / codes) ^ (i % codes))]).ToArray(), table: "xor");
        var row = Node("Mul", DataType.Int32, from.Shape, [from, Integer("codes", codes)]);
        return Node("Gather", DataType.Int32, to.Shape, [table, Node("Add", DataType.Int32, to.Shape, [row, to])],
            NodeAttribute.Of("axis", 0));
    }
}
