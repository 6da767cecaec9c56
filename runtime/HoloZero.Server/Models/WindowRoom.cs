using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Media;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>
/// The window that a model is used with where a request names none, and room for more: a generator refuses windows larger than its own, and
/// a window of a film with the next one behind it is larger than most models' own. Set once, before the model loads; then thread-safe.
/// </summary>
internal sealed class WindowRoom
{
    private WindowChange _own;

    /// <summary>Takes the operator's window out of a model's options, and perhaps puts a larger one there.</summary>
    /// <param name="options">The options of the model; what is wrong with them is left as it is, for whoever checks them.</param>
    /// <param name="reserves">Whether there is to be room for windows of films.</param>
    public void Take(HoloZeroOptions options, bool reserves)
    {
        _own = new(options.StreamBytes, options.MaxPrefixSlots, options.KeptStreamBytes);
        if (!reserves || options.Model is null) return;
        try
        {
            var manifest = ArtifactFolder.Open(options.Model, verifyHashes: false).Manifest;
            var own = Of(ContextWindowOptions.Of(manifest));
            var slotBytes = manifest.Model.SlotBytes;
            own.Validate(slotBytes);
            var room = WindowContinuation.RoomFor(FilmLayout.Film, (FilmLayout.Film.Length + slotBytes - 1) / slotBytes, own);
            if (manifest.Variants.Any(variant => room.StreamBytes + room.MaxPrefixSlots > variant.MaxPositions)) return;
            (options.StreamBytes, options.MaxPrefixSlots, options.KeptStreamBytes) =
                (room.StreamBytes, room.MaxPrefixSlots, room.KeptStreamBytes);
        }
        catch (HoloZeroException)
        {
            // Loading it says the same, in its place.
        }
    }

    /// <summary>The window where a request names none.</summary>
    /// <param name="model">The model's own.</param>
    public ContextWindowOptions Of(ContextWindowOptions model) => model.With(_own.StreamBytes, _own.MaxPrefixSlots, _own.KeptStreamBytes);
}
