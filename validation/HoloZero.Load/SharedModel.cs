using HoloZero.Runtime;

namespace HoloZero.Load;

/// <summary>A model and its generator, which workers use while others replace them. Thread-safe.</summary>
/// <param name="folder">The artifact.</param>
/// <param name="variant">Which of its graphs.</param>
internal sealed class SharedModel(string folder, string variant) : IAsyncDisposable
{
    private Pair _pair = Load(folder, variant);

    /// <summary>What it is called in reports.</summary>
    public string Name => $"{Path.GetFileName(folder)} {variant}";

    /// <summary>The artifact.</summary>
    public string Folder => folder;

    /// <summary>The model as it is now; it may be disposed at any time.</summary>
    public HoloZeroModel Current => Volatile.Read(ref _pair).Model;

    /// <summary>Its generator; it may be disposed at any time.</summary>
    public ByteGenerator Generator => Volatile.Read(ref _pair).Generator;

    /// <summary>Loads it anew and disposes the old one under the hands of whoever uses it.</summary>
    /// <param name="modelFirst">Whether the model goes before its generator.</param>
    public ValueTask ReplaceAsync(bool modelFirst) => Interlocked.Exchange(ref _pair, Load(folder, variant)).DisposeAsync(modelFirst);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Volatile.Read(ref _pair).DisposeAsync(modelFirst: false);

    private static Pair Load(string folder, string variant)
    {
        var model = HoloZeroModel.Load(folder, new() { Variant = variant, Threads = 1 });
        var options = new ByteGeneratorOptions
        {
            MaxRows = 6,
            MaxQueued = 8,
            PrefillRows = 16,
            PrefixCacheBytes = 1 << 20,
            MaxUnreadBytes = 8,
        };
        return new(model, new(model, options));
    }

    private sealed record Pair(HoloZeroModel Model, ByteGenerator Generator)
    {
        public async ValueTask DisposeAsync(bool modelFirst)
        {
            if (modelFirst) Model.Dispose();
            await Generator.DisposeAsync();
            Model.Dispose();
        }
    }
}
