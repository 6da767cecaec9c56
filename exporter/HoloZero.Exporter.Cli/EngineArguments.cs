using System.CommandLine;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.TorchSharp;

namespace HoloZero.Exporter.Cli;

/// <summary>What computes.</summary>
internal enum EngineName
{
    /// <summary>TorchSharp where it is there, else the reference.</summary>
    Fastest,

    /// <summary>The float64 reference.</summary>
    Reference,

    /// <summary>PyTorch's kernels.</summary>
    TorchSharp,
}

/// <summary>The options by which a command chooses what computes for it.</summary>
internal sealed class EngineArguments
{
    private readonly Option<EngineName> _engine;
    private readonly Option<ComputeDevice> _device = DeviceOption();

    public EngineArguments(Command command, string does, EngineName otherwise)
    {
        _engine = Values.Choice("--engine", does, otherwise);
        command.Options.Add(_engine);
        command.Options.Add(_device);
    }

    /// <summary>Where TorchSharp computes.</summary>
    public static Option<ComputeDevice> DeviceOption() => Values.Choice("--device", "where TorchSharp computes", ComputeDevice.Cpu);

    /// <summary>For the self-check of an artifact: TorchSharp in float64, if chosen, and the reference in any case.</summary>
    public IReferenceEngine ForSelfCheck(ParseResult parsed) =>
        Chosen(parsed)
            ? new ConfirmedEngine(Engines.TorchSharp(doublePrecision: true, parsed.GetValue(_device)), Engines.Reference())
            : Engines.Reference();

    /// <summary>For measuring a model: TorchSharp in float32, or else the reference.</summary>
    public IReferenceEngine ForMeasuring(ParseResult parsed) =>
        Chosen(parsed) ? Engines.TorchSharp(doublePrecision: false, parsed.GetValue(_device)) : Engines.Reference();

    private bool Chosen(ParseResult parsed)
    {
        var (engine, device) = (parsed.GetValue(_engine), parsed.GetValue(_device));
        if (engine == EngineName.Reference && device != ComputeDevice.Cpu)
            throw new BadInputException("device", "the reference computes on the processor alone", "add --engine torchsharp");
        return engine == EngineName.TorchSharp || engine == EngineName.Fastest && (device != ComputeDevice.Cpu
            || TorchSharpRuntime.WhyNot(device) is null);
    }
}
