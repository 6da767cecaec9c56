using System.Globalization;
using System.Text;

namespace HoloZero.Training;

/// <summary>The entries of a run as a picture: bits per byte over steps, of what is learned and of what is held out. Thread-safe.</summary>
internal static class TrainingPlot
{
    private const double Width = 720, Height = 400, Left = 64, Right = 20, Top = 44, Bottom = 48;
    private const int Ticks = 5;

    /// <summary>An SVG document, the same for the same log.</summary>
    public static string Of(TrainingLog log)
    {
        (double Step, double Bits)[] learned = [.. log.Entries.Where(entry => entry.BitsPerByte is not null)
            .Select(entry => ((double)entry.Step, entry.BitsPerByte!.Value))];
        (double Step, double Bits)[] heldOut = [.. log.Entries.Select(entry => ((double)entry.Step, entry.HeldOutBitsPerByte))];
        (double Step, double Bits)[] all = [.. learned, .. heldOut];
        var steps = Math.Max(1, log.Step);
        var (least, most) = all.Length == 0 ? (0, 8) : (all.Min(point => point.Bits), all.Max(point => point.Bits));
        if (most - least < 0.01) (least, most) = (least - 0.005, most + 0.005);

        var svg = new StringBuilder();
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Add($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>");
        Add($"<text x=\"{Left}\" y=\"18\">bits per byte over {log.Step:N0} of {log.Options.Steps:N0} steps</text>");
        for (var i = 0; i <= Ticks; i++)
        {
            var (bits, step) = (least + (most - least) * i / Ticks, (double)steps * i / Ticks);
            Add($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(bits):F1}\" y2=\"{Y(bits):F1}\" stroke=\"#ddd\"/>");
            Add($"<text x=\"{Left - 6}\" y=\"{Y(bits) + 4:F1}\" text-anchor=\"end\">{bits:F3}</text>");
            Add($"<text x=\"{X(step):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{step:N0}</text>");
        }

        Line(learned, "#999", "learned", 0);
        Line(heldOut, "#06c", "held out", 1);
        if (log.Best is { } best)
        {
            Add($"<circle cx=\"{X(best.Step):F1}\" cy=\"{Y(best.HeldOutBitsPerByte):F1}\" r=\"4\" fill=\"#06c\">");
            Add($"<title>best: step {best.Step:N0}, {best.HeldOutBitsPerByte:F5}</title></circle>");
        }

        Add($"</svg>");
        return svg.ToString();

        double X(double step) => Left + (Width - Left - Right) * step / steps;

        double Y(double bits) => Height - Bottom - (Height - Top - Bottom) * (bits - least) / (most - least);

        void Line((double Step, double Bits)[] points, string colour, string name, int place)
        {
            var path = string.Join(' ', points.Select(point =>
                string.Create(CultureInfo.InvariantCulture, $"{X(point.Step):F1},{Y(point.Bits):F1}")));
            Add($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>");
            Add($"<text x=\"{Left + 90 * place}\" y=\"36\" fill=\"{colour}\">{name}</text>");
        }

        void Add(FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
