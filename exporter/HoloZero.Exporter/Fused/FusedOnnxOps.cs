using System.Globalization;
using HoloZero.Exporter.Quantization;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Models.PublishedArithmetic;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Fused;

/// <summary>
/// The exporter with ONNX Runtime's own fused operators: fewer and larger nodes, state in place, weights in any
/// <see cref="LinearFormats"/>. Constants are folded into weights where that is exact but for one rounding.
/// </summary>
internal partial class FusedOnnxOps : OnnxOps, ITensorOps<GraphValue>
{
    /// <summary>The lowest opset that has every standard operator used here: BitwiseXor came with it.</summary>
    public new const int Opset = 18;

    /// <summary>GroupQueryAttention rotates no other widths of heads than multiples of this.</summary>
    public const int HeadMultiple = 16;

    private readonly LinearFormats _formats;
    private readonly Func<string, ActivationRange> _ranges;

    /// <param name="graph">Where nodes are recorded.</param>
    /// <param name="parameters">Float32 data of each parameter by full name, row-major in the checkpoint's layout.</param>
    /// <param name="formats">How weights are stored.</param>
    /// <param name="ranges">What goes into a Linear, by module; asked where its scale is fixed.</param>
    public FusedOnnxOps(GraphRecorder graph, Func<string, float[]> parameters, LinearFormats formats, Func<string, ActivationRange> ranges)
        : base(graph, parameters) => (_formats, _ranges) = (formats, ranges);

    /// <summary>The same operations as <paramref name="parent"/>'s, one module deeper.</summary>
    protected FusedOnnxOps(FusedOnnxOps parent, string module)
        : base(parent, module) => (_formats, _ranges) = (parent._formats, parent._ranges);

    public override ITensorOps<GraphValue> At(string module) => new FusedOnnxOps(this, module);

    /// <summary>Element type of what the present module computes.</summary>
    protected internal virtual DataType Activation => DataType.Float;

    /// <summary>How the weights of the present module are stored.</summary>
    protected LinearFormat Format => _formats.Of(Path);

    /// <summary>A function of a parameter is known now: it becomes a constant.</summary>
    public override GraphValue Apply(UnaryFunction function, GraphValue x) => (function, x) switch
    {
        (UnaryFunction.Tanh, ParameterValue parameter) => new UntypedConstant($"tanh({parameter.Name})",
            [.. parameter.Data.Select(value => Math.Tanh(value))], parameter.Shape)
        { TanhOf = parameter.Name },
        _ => base.Apply(function, x),
    };

    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b) => (function, a, b) switch
    {
        (BinaryFunction.Add, _, DeferredLinear branch) when a.Type != branch.Type => base.Apply(function, As(branch.Type, a), branch),
        // What is folded must be told to whoever reads the weights; no other constant ever meets a Linear.
        (BinaryFunction.Multiply, DeferredLinear { Weights: { Gate: null, Ones: null } } linear,
            UntypedConstant { Values: [var factor], TanhOf: { } gate }) => linear.With(linear.Weights.Scaled(factor, gate)),
        _ => base.Apply(function, a, b),
    };

    public GraphValue Linear(GraphValue x, int inputs, int outputs)
    {
        var (weight, bias) = (Parameter("weight", outputs, inputs), Parameter("bias", outputs));
        var shape = Shapes.MatMul(x.Shape, new([inputs, outputs]));
        var weights = new LinearWeights(Path, inputs, outputs, () => ((ParameterValue)weight).Data, () => ((ParameterValue)bias).Data);
        if (Format.Type != DataType.Int8 || x is not DeferredNorm norm) return new DeferredLinear(this, x, weights, shape);

        var exponents = ChannelEvening.Exponents(_ranges(Path), weights.Matrix());
        return new DeferredLinear(this, norm.Divided(exponents), weights.ForDivided(exponents), shape);
    }

    /// <summary>A norm waits for its Linear only where that may want something of it.</summary>
    public override GraphValue LayerNorm(GraphValue x, int width, double epsilon)
    {
        Shapes.LayerNorm(x.Shape, width, epsilon);
        return _formats.HasFixedScales ? new DeferredNorm(this, x, epsilon) : Norm(x, epsilon, exponents: null);
    }

    /// <summary>Exact GELU; the bias of the Linear before it comes in here.</summary>
    public GraphValue Gelu(GraphValue x) => x is DeferredLinear linear
        ? Contrib("BiasGelu", x.Shape, [linear.Product(), linear.Bias()])
        : Contrib("Gelu", x.Shape, [As(Activation, x)]);

    public (GraphValue Features, GraphValue Tail) HslFeatures(GraphValue table, GraphValue? values, GraphValue bytes, GraphValue tail,
        GraphValue position, int width)
    {
        var codes = Codes(bytes);                                                                // [B, n]
        var run = Concat(1, tail, codes);                                                        // [B, n+2]
        var before = Slice(run, 1, 1, -1);                                                       // [B, n]
        var change = Changes(before, codes);                                                     // [B, n]
        var parts = new[]
        {
            Lookup("own", FusedFrontDoor.Own, codes),
            Lookup("change", FusedFrontDoor.Change, change),
            Lookup("before", FusedFrontDoor.Before, before),
            Lookup("change_before", FusedFrontDoor.ChangeBefore, Changes(Slice(run, 1, 0, -2), before)),
        };
        var sum = Node("Sum", DataType.Float, parts[0].Shape, parts);                            // [B, n, 27], exact
        var features = Node("Div", DataType.Float, sum.Shape, [sum, Lookup("terms", FusedFrontDoor.Terms, change)]);
        if (values is not null)
        {
            // The tables give HSL's value columns, too; who reads others takes the rest alone.
            var own = Gather(values, bytes);                                                     // [B, n, 18]
            features = Concat(2, Concat(2, Slice(own, 2, 0, 8), Slice(features, 2, 8, 17)), Slice(own, 2, 8));
        }

        return (PadLast(features, width), Tail(run));

        GraphValue Lookup(string name, float[] rows, GraphValue indices) => Gather(Graph.Initializer($"door/{name}", DataType.Float,
            new([rows.Length / HslFrontDoor.FeatureCount, HslFrontDoor.FeatureCount]), () => BytesOf(rows), table: name), indices);
    }

    /// <summary>Which bits differ between neighbouring codes, int32.</summary>
    protected virtual GraphValue Changes(GraphValue from, GraphValue to) => Node("BitwiseXor", DataType.Int32, to.Shape, [from, to]);

    public GraphValue StreamTail(GraphValue tail, GraphValue bytes) => Tail(Concat(1, tail, Codes(bytes)));

    /// <summary>
    /// 256 and the byte where there is one, 0 where there is none yet: an xor of two codes tells both which bits differ and whether one of
    /// the bytes is missing.
    /// </summary>
    private GraphValue Codes(GraphValue bytes) => Node("Add", DataType.Int32, bytes.Shape,
        [As(DataType.Int32, bytes), Integer("present_byte", FusedState.PresentByte)]);

    public virtual RowPositions<GraphValue> RowPositions(AsymDecConfig config, GraphValue position, GraphValue count, GraphValue slots,
        GraphValue? streamStart)
    {
        var end = Apply(BinaryFunction.Add, position, count);                                    // [B]
        var (last, total) = LastPosition(end);
        var (cos, sin) = BakedRopeTables(config.HeadWidth, AsymDecConfig.RopeBase);
        return new FusedRowPositions(last, total, slots, config.PrefixAttention, cos, sin, end)
        {
            Restarted = streamStart is null ? null : RestartedIds(position, count, streamStart),
        };
    }

    /// <summary>The rotary positions of new rows where they start again with the stream: int64 [B, T].</summary>
    private GraphValue RestartedIds(GraphValue position, GraphValue count, GraphValue streamStart)
    {
        var added = Transpose(Range(Constant("first", [0]), count));                             // [1, T]
        var rows = Apply(BinaryFunction.Add, Column(position), added);                           // [B, T]
        return ((ITensorOps<GraphValue>)this).RestartedRows(rows, Column(streamStart));

        GraphValue Column(GraphValue x) =>
            Node("Unsqueeze", DataType.Int64, new([x.Shape.Dimensions[0], 1]), [x, Graph.Integers(1)]);
    }

    public (GraphValue Output, KvCache<GraphValue> Present) Attention(GraphValue qkv, int d, int heads,
        RowPositions<GraphValue> positions, KvCache<GraphValue> past)
    {
        var rows = (FusedRowPositions)positions;
        var (attended, present) = GroupQuery(qkv, d, heads, rows, past);
        if (rows.PrefixAttention == PrefixAttention.Bidirectional) attended = WithWholePrefix(qkv, d, heads, rows, attended);
        return (attended, present);
    }

    /// <summary>Rows attend to themselves and all before them.</summary>
    protected virtual (GraphValue Output, KvCache<GraphValue> Present) GroupQuery(GraphValue qkv, int d, int heads, FusedRowPositions rows,
        KvCache<GraphValue> past)
    {
        var shape = new Shape([.. qkv.Shape.Dimensions[..^1], d]);
        // The operator counts positions on: where they start again, the rows come to it rotated.
        var (query, key, value) = rows.Restarted is null ? (qkv, null, null) : Rotated(qkv, d, heads, rows);
        // Between the tables and the scales the operator takes positions, a bias and a sink, which nobody gives here.
        GraphValue?[] scales = past.Keys.Type == DataType.Int8 ? [null, null, null, .. CacheScales(d, heads)] : [];
        GraphValue?[] rotary = rows.Restarted is null ? [rows.Cos, rows.Sin] : scales.Length > 0 ? [null, null] : [];
        var outputs = Contrib("GroupQueryAttention",
            [new("", Activation, shape), Grown("k", past.Keys), Grown("v", past.Values)],
            [query, key, value, past.Keys, past.Values, rows.LastPosition, rows.TotalLength, .. rotary, .. scales],
            [NodeAttribute.Of("num_heads", heads), NodeAttribute.Of("kv_num_heads", heads),
                NodeAttribute.Of("do_rotary", rows.Restarted is null ? 1 : 0),
                .. scales.Length == 0 ? (AttributeProto[])[] : [NodeAttribute.Of("k_quant_type", "PER_CHANNEL"),
                    NodeAttribute.Of("v_quant_type", "PER_CHANNEL"), NodeAttribute.Of("kv_cache_bit_width", 8)]]);
        return (outputs[0]!, new(outputs[1]!, outputs[2]!));

        OutputPort Grown(string name, GraphValue cache)
        {
            var dimensions = (int[])cache.Shape.Dimensions.Clone();
            dimensions[2] += shape.Dimensions[1];
            return new(name, cache.Type, new(dimensions));
        }
    }

    /// <summary>What a code of keys and of values is worth, channel by channel, [1, H, 1, k] each.</summary>
    private GraphValue[] CacheScales(int d, int heads)
    {
        var scales = new Lazy<(float[] Keys, float[] Values)>(() => CacheGrid.Scales(
            _ranges(ActivationRange.OutputOf(ModulePath.Beside(Path, "qkv"))), d, heads));
        return [Scales("k", () => scales.Value.Keys), Scales("v", () => scales.Value.Values)];

        InitializerValue Scales(string cache, Func<float[]> values)
        {
            var name = ModulePath.Beside(Path, $"{cache}.scales");
            return Graph.Initializer(name, DataType.Float, new([1, heads, 1, d / heads]), () => BytesOf(values()), table: name);
        }
    }

    /// <summary>As derived, with z as a column of S: each row of v is followed by a one, which the qkv product itself gives.</summary>
    public (GraphValue Output, FastWeights<GraphValue> Present) FastWeightRead(GraphValue qkv, int d, int heads, double epsilon,
        RowPositions<GraphValue> positions, FastWeights<GraphValue> past)
    {
        var width = d / heads;
        var wide = width + FusedState.ExtraColumns;
        var linear = (DeferredLinear)qkv;
        // Sums over all rows so far are float32 whatever the activations are.
        var product = As(DataType.Float, linear.With(linear.Weights.WithOnes(2 * d, width, FusedState.ExtraColumns)));
        int[] rows = qkv.Shape.Dimensions[..^1];

        var parts = Split(product, 2, 2 * d, heads * wide);
        // Not ONNX's Elu: that gives an element another last bit at the border between two threads' shares.
        var phi = Split(((ITensorOps<GraphValue>)this).Phi(parts[0]), 2, d, d);
        var (recalled, present) = LinearAttention(phi[0], phi[1], parts[1], heads, past.S);

        var byHead = Node("Reshape", DataType.Float, new([.. rows, heads, wide]), [recalled, Graph.Integers(0, 0, heads, wide)]);
        var sums = Split(byHead, 3, width, 1, FusedState.ExtraColumns - 1);
        var read = Apply(BinaryFunction.Divide, sums[0], Apply(BinaryFunction.Add, sums[1], Constant("epsilon", [epsilon])));
        var merged = Node("Reshape", DataType.Float, new([.. rows, d]), [read, Graph.Integers(0, 0, d)]);
        return (merged, new(present, GraphValue.Absent));
    }

    /// <summary>Rows are added to the state one after the other, and each reads what is there then.</summary>
    protected virtual (GraphValue Output, GraphValue Present) LinearAttention(GraphValue q, GraphValue k, GraphValue v, int heads,
        GraphValue state)
    {
        var outputs = Contrib("LinearAttention", [new("", DataType.Float, v.Shape), new("state", DataType.Float, state.Shape)],
            [q, k, v, state],
            NodeAttribute.Of("q_num_heads", heads), NodeAttribute.Of("kv_num_heads", heads),
            NodeAttribute.Of("update_rule", "linear"), NodeAttribute.Of("scale", 1f));
        return (outputs[0]!, outputs[1]!);
    }

    /// <summary>The last two codes of a run, for the next call.</summary>
    protected virtual GraphValue Tail(GraphValue run) => Slice(run, 1, -2);

    /// <summary>
    /// The last position before <paramref name="end"/> [B], and the longest sequence, as ONNX Runtime's attention wants them.
    /// </summary>
    protected (GraphValue Last, GraphValue Total) LastPosition(GraphValue end)
    {
        var narrow = As(DataType.Int32, end);
        var total = Node("ReduceMax", DataType.Int32, new([]), [narrow], NodeAttribute.Of("keepdims", 0));
        return (Node("Sub", DataType.Int32, end.Shape, [narrow, Integer("one", 1)]), total);
    }

    /// <summary>
    /// A norm of the present module. Not ONNX Runtime's SkipLayerNormalization, which would take in the sum before it: of several rows that
    /// takes the processor longer than the two apart.
    /// </summary>
    internal GraphValue Norm(GraphValue x, double epsilon, int[]? exponents)
    {
        var width = x.Shape.Dimensions[^1];
        var (weight, bias) = (Divided("weight", width, exponents), Divided("bias", width, exponents));
        var attribute = NodeAttribute.Of("epsilon", (float)epsilon);
        return Node("LayerNormalization", Activation, x.Shape, [As(Activation, x), weight, bias], NodeAttribute.Of("axis", -1), attribute);
    }

    /// <summary>The rows of the prefix attend to all of it, which the causal operator cannot: they are computed apart.</summary>
    private GraphValue WithWholePrefix(GraphValue qkv, int d, int heads, FusedRowPositions rows, GraphValue causal)
    {
        ITensorOps<GraphValue> op = this;
        var prefix = As(DataType.Float, Take(qkv, 1, rows.Slots));                               // [B, N, 3d]
        var cos = As(DataType.Float, Take(rows.Cos, 0, rows.Slots));                             // [N, k/2]
        var sin = As(DataType.Float, Take(rows.Sin, 0, rows.Slots));                             // [N, k/2]
        var (q, k, v) = op.SplitQkv(prefix, d, heads);                                           // [B, H, N, k]
        var width = d / heads;
        var scores = MatMul(op.Rope(q, width, cos, sin), Transpose(op.Rope(k, width, cos, sin))); // [B, H, N, N]
        var weights = Softmax(Apply(BinaryFunction.Multiply, scores, Constant("scale", [1 / Math.Sqrt(width)])));
        return Concat(1, As(Activation, MergeHeads(MatMul(weights, v))), base.Skip(causal, 1, rows.Slots));      // [B, T, d]
    }

    /// <summary>The first <paramref name="count"/> elements of an axis.</summary>
    private GraphValue Take(GraphValue x, int axis, GraphValue count)
    {
        var dimensions = (int[])x.Shape.Dimensions.Clone();
        dimensions[axis] = (int)count.Shape.Value!.Value;
        return Node("Slice", x.Type, new(dimensions), [x, Graph.Integers(0), Row(count), Graph.Integers(axis)]);
    }

    private (GraphValue Cos, GraphValue Sin) BakedRopeTables(int width, double @base)
    {
        var (cos, sin) = (new float[FusedState.MaxPositions * width / 2], new float[FusedState.MaxPositions * width / 2]);
        var frequencies = RotaryTable.Frequencies(width, @base);
        for (var position = 0; position < FusedState.MaxPositions; position++)
        {
            var row = new Range(position * frequencies.Length, (position + 1) * frequencies.Length);
            RotaryTable.Fill(position, frequencies, cos.AsSpan(row), sin.AsSpan(row));
        }

        return (Table("cos", cos), Table("sin", sin));

        GraphValue Table(string name, float[] values) => Graph.Initializer($"{Path}/{name}", Activation,
            new([FusedState.MaxPositions, width / 2]), () => BytesOf(values, Activation));
    }

    protected IReadOnlyList<GraphValue> Split(GraphValue x, int axis, params int[] lengths)
    {
        var rest = x.Shape.Dimensions;
        OutputPort[] ports = [.. lengths.Select((length, i) =>
            new OutputPort(i.ToString(CultureInfo.InvariantCulture), x.Type, new([.. rest[..axis], length, .. rest[(axis + 1)..]])))];
        return [.. Graph.Node(Path, new("Split"), ports,
            [x.Record(), Graph.Integers([.. lengths.Select(length => (long)length)])], NodeAttribute.Of("axis", axis))!];
    }

    protected GraphValue Integer(string name, int value) => Graph.Initializer($"{Path}/{name}.int32", DataType.Int32, new([]),
        () => BitConverter.GetBytes(value));

    private GraphValue Contrib(string type, Shape shape, GraphValue?[] inputs, params AttributeProto[] attributes) =>
        Contrib(type, [new("", Activation, shape)], inputs, attributes)[0]!;

    private IReadOnlyList<GraphValue?> Contrib(string type, IReadOnlyList<OutputPort?> outputs, GraphValue?[] inputs,
        params AttributeProto[] attributes) =>
        Graph.Node(Path, OnnxOperator.Contrib(type), outputs,
            [.. inputs.Select(input => input is null ? null : As(input.Type, input))],
            attributes);

    /// <summary>Positions as ONNX Runtime's attention wants them.</summary>
    /// <param name="LastPosition">Of the last new row of each sequence: int32 [B].</param>
    /// <param name="TotalLength">The longest sequence with its new rows: int32.</param>
    /// <param name="Slots">How many of the new rows are prefix slots.</param>
    /// <param name="PrefixAttention">What these see.</param>
    /// <param name="Cos">All rotary cosines, [max, k/2].</param>
    /// <param name="Sin">All rotary sines, [max, k/2].</param>
    /// <param name="End">The position after the last new row: int64 [B].</param>
    protected record FusedRowPositions(GraphValue LastPosition, GraphValue TotalLength, GraphValue Slots,
        PrefixAttention PrefixAttention, GraphValue Cos, GraphValue Sin, GraphValue End)
        : RowPositions<GraphValue>(GraphValue.Absent, Cos, Sin, GraphValue.Absent, GraphValue.Absent, End)
    {
        /// <summary>
        /// Rotary positions of the new rows where they start again with the stream, int64 [B, T]; null where they run on.
        /// </summary>
        public GraphValue? Restarted { get; init; }
    }
}
