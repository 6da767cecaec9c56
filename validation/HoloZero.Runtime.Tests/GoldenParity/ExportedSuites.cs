using System.Collections.Concurrent;
using HoloZero.Runtime.Tests.GoldenParity;
using HoloZero.Testing;

[assembly: AssemblyFixture(typeof(ExportedSuites))]

namespace HoloZero.Runtime.Tests.GoldenParity;

/// <summary>Every golden suite's checkpoint, exported and loaded once for all tests.</summary>
public sealed class ExportedSuites : IDisposable
{
    private readonly ConcurrentDictionary<GoldenSuite, Lazy<(ExportedModel Exported, HoloZeroModel Model)>> _loaded = new();

    public HoloZeroModel this[GoldenSuite suite] => _loaded.GetOrAdd(suite, s => new(() =>
    {
        var exported = new ExportedModel(s.CheckpointPath, s.PrefixAttention);
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
