namespace HoloZero.Models;

/// <summary>Where an engine that has the choice computes.</summary>
public enum ComputeDevice
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first CUDA device.</summary>
    Cuda,
}
