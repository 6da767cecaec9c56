using System.Collections.Concurrent;
using HoloZero.Runtime.Tests.GoldenParity;
using HoloZero.Testing;

[assembly: AssemblyFixture(typeof(ExportedSuites))]

namespace HoloZero.Runtime.Tests.GoldenParity;

/// <summary>Every golden suite's checkpoint in the variants that are asked for, exported and loaded once for all tests.</summary>
public sealed class ExportedSuites : IDisposable
{
    private readonly ConcurrentDictionary<(GoldenSuite, string), Lazy<(ExportedModel Exported, HoloZeroModel Model)>> _loaded = new();

    /// <summary>The variants in float32: those that the goldens' tolerances are for.</summary>
    public static IReadOnlyList<string> Variants { get; } = ["fp32", "portable"];

    /// <summary>int8 with keys and values in 8 bits.</summary>
    public const string Int8Cache = "int8 with int8 cache";

    public HoloZeroModel this[GoldenSuite suite, string variant] => _loaded.GetOrAdd((suite, variant), key => new(() =>
    {
        var exported = new ExportedModel(suite.CheckpointPath, new(suite.PrefixAttention), variant == Int8Cache
            ? new() { Variants = ["int8"], Int8Cache = true } : new() { Variants = [variant] });
        return (exported, HoloZeroModel.Load(exported.Folder));
    })).Value.Model;

    public void Dispose()
    {
        foreach (var loaded in _loaded.Values.Where(lazy => lazy.IsValueCreated))
        {
            loaded.Value.Model.Dispose();
            loaded.Value.Exported.Dispose();
        }
    }
}
