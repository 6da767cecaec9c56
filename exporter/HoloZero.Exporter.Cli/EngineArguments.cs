using System.CommandLine;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;

namespace HoloZero.Exporter.Cli;

/// <summary>What computes.</summary>
internal enum EngineName
{
    /// <summary>TorchSharp where it loads, and the reference.</summary>
    Auto,

    /// <summary>The float64 reference alone.</summary>
    Reference,

    /// <summary>TorchSharp, or nothing is done.</summary>
    TorchSharp,
}

/// <summary>The options by which a command chooses what computes for it.</summary>
internal sealed class EngineArguments
{
    private readonly Option<EngineName> _engine;
    private readonly Option<ComputeDevice> _device = DeviceOption();
    private readonly Option<int?> _threads = ThreadsOption();

    public EngineArguments(Command command, string does)
    {
        _engine = Values.Choice("--engine", $"{does}; auto is TorchSharp where it loads", EngineName.Auto);
        foreach (var option in (Option[])[_engine, _device, _threads]) command.Options.Add(option);
    }

    /// <summary>Where TorchSharp computes.</summary>
    public static Option<ComputeDevice> DeviceOption() => Values.Choice("--device", "where TorchSharp computes", ComputeDevice.Cpu);

    /// <summary>How many threads TorchSharp takes.</summary>
    public static Option<int?> ThreadsOption() => Values.Whole<int>("--threads", "threads that TorchSharp computes with [physical cores]");

    /// <summary>For the self-check of an artifact: TorchSharp in float64 unless it is not wanted, confirmed by the reference.</summary>
    public ChosenEngine ForSelfCheck(ParseResult parsed) => Choose(parsed, doublePrecision: true,
        torch => new ConfirmedEngine(torch, Engines.Reference()));

    /// <summary>For measuring a model: TorchSharp in float32 unless it is not wanted, else the reference.</summary>
    public ChosenEngine ForMeasuring(ParseResult parsed) => Choose(parsed, doublePrecision: false, torch => torch);

    private ChosenEngine Choose(ParseResult parsed, bool doublePrecision, Func<IReferenceEngine, IReferenceEngine> with)
    {
        var (engine, device, threads) = (parsed.GetValue(_engine), parsed.GetValue(_device), parsed.GetValue(_threads));
        if (engine == EngineName.Reference)
        {
            const string remedy = "leave it out or choose --engine torchsharp";
            if (device != ComputeDevice.Cpu) throw new BadInputException("device", "the reference computes on the processor alone", remedy);
            if (threads is not null) throw new BadInputException("threads", "the reference computes with one", remedy);
            return new(Engines.Reference(), null);
        }

        if (threads is < 1 or > 1024)
            throw new BadInputException("threads", $"{threads} is not within 1 to 1,024", "choose a number of processors");

        // A device is nothing that the reference could stand in for.
        var missing = engine == EngineName.Auto && device == ComputeDevice.Cpu ? Engines.WhyNoTorchSharp() : null;
        return missing is null ? new(with(Engines.TorchSharp(doublePrecision, device, threads)), null) : new(Engines.Reference(), missing);
    }
}

/// <summary>What computes.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Missing">Why TorchSharp does not, where it was left to the machine; null otherwise.</param>
internal sealed record ChosenEngine(IReferenceEngine Engine, string? Missing);
