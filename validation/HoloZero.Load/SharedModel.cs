using HoloZero.Runtime;

namespace HoloZero.Load;

/// <summary>A model that workers use while others replace it. Thread-safe.</summary>
/// <param name="folder">The artifact.</param>
/// <param name="variant">Which of its graphs.</param>
internal sealed class SharedModel(string folder, string variant) : IDisposable
{
    private HoloZeroModel _model = Load(folder, variant);

    /// <summary>What it is called in reports.</summary>
    public string Name => $"{Path.GetFileName(folder)} {variant}";

    /// <summary>The artifact.</summary>
    public string Folder => folder;

    /// <summary>The model as it is now; it may be disposed at any time.</summary>
    public HoloZeroModel Current => Volatile.Read(ref _model);

    /// <summary>Loads it anew and disposes the old one under the hands of whoever uses it.</summary>
    public void Replace() => Interlocked.Exchange(ref _model, Load(folder, variant)).Dispose();

    /// <inheritdoc/>
    public void Dispose() => Current.Dispose();

    private static HoloZeroModel Load(string folder, string variant) =>
        HoloZeroModel.Load(folder, new() { Variant = variant, Threads = 1 });
}
