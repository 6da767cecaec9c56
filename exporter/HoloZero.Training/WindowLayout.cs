using HoloZero.Artifacts;

namespace HoloZero.Training;

/// <summary>How text is cut into windows: prefix slots, then a stream whose first byte is given and whose others are predicted.</summary>
/// <param name="PrefixSlots">Slots in front of each stream, 0..4,096.</param>
/// <param name="StreamBytes">Stream bytes of a window, 2..65,536.</param>
/// <param name="Stride">Bytes from the start of a window to that of the next; one less than the stream predicts every byte once.</param>
public sealed record WindowLayout(int PrefixSlots = 24, int StreamBytes = 129, int Stride = 128)
{
    /// <summary>Bytes that a window spans.</summary>
    public int Bytes(int slotBytes) => PrefixSlots * slotBytes + StreamBytes;

    /// <summary>The starts of all whole windows of a text.</summary>
    public IEnumerable<int> Starts(int length, int slotBytes)
    {
        for (long start = 0; start + Bytes(slotBytes) <= length; start += Stride) yield return (int)start;
    }

    /// <summary>Refuses what is out of range.</summary>
    /// <exception cref="BadInputException">A value is.</exception>
    public void Validate()
    {
        Require("prefix-slots", PrefixSlots, 0, 4096);
        Require("stream-bytes", StreamBytes, 2, 65_536);
        Require("stride", Stride, 1, int.MaxValue);
    }

    private static void Require(string name, int value, int least, int most)
    {
        if (value < least || value > most)
            throw new BadInputException(name, $"{value} is not within {least:N0} to {most:N0}", "choose what the model was trained with");
    }
}
