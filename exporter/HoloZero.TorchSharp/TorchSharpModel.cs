using HoloZero.Artifacts;
using HoloZero.Models;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>How a <see cref="TorchSharpModel"/> computes. Immutable.</summary>
public sealed record TorchSharpOptions
{
    /// <summary>Whether numbers are float64.</summary>
    /// <value>false: float32, as PyTorch itself does by default.</value>
    public bool DoublePrecision { get; init; }

    /// <summary>What computes.</summary>
    /// <value>The CPU.</value>
    public ComputeDevice Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>Whether the parameters are leaves of autograd's graph.</summary>
    /// <value>false.</value>
    public bool RequiresGrad { get; init; }
}

/// <summary>AsymDec over TorchSharp tensors. Owns its parameters: dispose it. Not thread-safe.</summary>
public sealed class TorchSharpModel : IDisposable
{
    private readonly Dictionary<string, Tensor> _parameters = new(StringComparer.Ordinal);
    private readonly Device _device;
    private readonly ScalarType _real;

    /// <summary>Copies the weights to the device.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="weights">Every parameter of <see cref="AsymDec.ParameterShapes"/>, checked.</param>
    /// <param name="options">How to compute; null is the default.</param>
    /// <exception cref="MissingCapabilityException">The device or the native library is not there.</exception>
    public TorchSharpModel(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, TorchSharpOptions? options = null)
    {
        options ??= new();
        Config = config;
        _device = TorchSharpRuntime.Open(options.Device);
        _real = options.DoublePrecision ? ScalarType.Float64 : ScalarType.Float32;
        using var scope = NewDisposeScope();
        foreach (var weight in weights.Values)
        {
            var parameter = tensor(weight.Data, [.. weight.Shape.Select(length => (long)length)], _real, _device);
            parameter.requires_grad = options.RequiresGrad;
            _parameters.Add(weight.Name, scope.Detach(parameter));
        }
    }

    /// <summary>The hyper-parameters.</summary>
    public AsymDecConfig Config { get; }

    /// <summary>The parameters by their published names, alive as long as the model: what PyTorch calls a state dict.</summary>
    public IReadOnlyDictionary<string, Tensor> StateDict => _parameters;

    /// <summary>The parameters as float32 on the host, for a checkpoint: copies that the caller owns.</summary>
    public IReadOnlyDictionary<string, WeightTensor> Weights() => _parameters.ToDictionary(
        entry => entry.Key,
        entry => TorchSharpTensors.ToWeight(entry.Key, entry.Value));

    /// <summary>The state before the first call, for <paramref name="batch"/> sequences; belongs to the caller's dispose scope.</summary>
    public AsymDecState<Tensor> FreshState(int batch) => AsymDecState.Layout(Config).Select(piece =>
    {
        long[] shape = [.. piece.ShapeFor(batch, past: 0).Dimensions.Select(length => (long)length)];
        return piece.Name switch
        {
            "position" or "stream_start" => tensor(0L, ScalarType.Int64),
            "stream_tail" => zeros(shape, ScalarType.Byte, _device),
            _ => zeros(shape, _real, _device),
        };
    });

    /// <summary>Runs whole sequences, or continues them. Everything that comes back belongs to the caller's dispose scope.</summary>
    /// <param name="prefix">Prefix bytes [B, N*K], uint8; empty unless <paramref name="past"/> is fresh.</param>
    /// <param name="stream">Stream bytes [B, L], uint8.</param>
    /// <param name="past">The state to continue from; null is fresh.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public AsymDecOutput<Tensor> Forward(Tensor prefix, Tensor stream, AsymDecState<Tensor>? past = null,
        CancellationToken cancellation = default) =>
        Forward(new(name => _parameters[name], _real, _device, cancellation), prefix, stream, past);

    /// <summary>Runs whole sequences as a step of training does.</summary>
    /// <param name="prefix">Prefix bytes [B, N*K], uint8.</param>
    /// <param name="stream">Stream bytes [B, L], uint8.</param>
    /// <param name="products">What products are rounded to.</param>
    /// <param name="dropout">What drops elements, place after place; null drops none.</param>
    internal AsymDecOutput<Tensor> Forward(Tensor prefix, Tensor stream, ScalarType products, Func<Tensor, Tensor>? dropout = null) =>
        Forward(new(name => _parameters[name], _real, _device, products: products, dropout: dropout), prefix, stream, null);

    /// <summary>Bytes as a tensor [rows, bytes / rows] on the model's device; belongs to the caller's dispose scope.</summary>
    /// <param name="bytes">Row after row.</param>
    /// <param name="rows">Sequences side by side.</param>
    public Tensor Bytes(byte[] bytes, int rows = 1) => tensor(bytes, [rows, bytes.Length / rows], ScalarType.Byte, _device);

    private AsymDecOutput<Tensor> Forward(TorchSharpOps op, Tensor prefix, Tensor stream, AsymDecState<Tensor>? past) =>
        AsymDec.Forward(op, Config, prefix, stream, past ?? FreshState((int)stream.shape[0]));

    /// <summary>Frees the parameters.</summary>
    public void Dispose()
    {
        foreach (var parameter in _parameters.Values) parameter.Dispose();
    }
}
