using System.Globalization;

namespace HoloZero.Training;

/// <summary>The entries of a run as comma-separated values, one a line. Stateless and thread-safe.</summary>
internal static class TrainingTable
{
    private const string Header = "step,bits_per_byte,held_out_bits_per_byte,learning_rate,gradient_norm\n";

    public static string Of(IEnumerable<TrainingEntry> entries) => Header + string.Concat(entries.Select(Line));

    public static string Line(TrainingEntry entry) => string.Create(CultureInfo.InvariantCulture,
        $"{entry.Step},{entry.BitsPerByte:R},{entry.HeldOutBitsPerByte:R},{entry.LearningRate:R},{entry.GradientNorm:R}\n");
}
