using System.Globalization;
using System.Text;

namespace HoloZero.Training;

/// <summary>A line of a plot.</summary>
/// <param name="Name">In the legend.</param>
/// <param name="Colour">As SVG has it.</param>
/// <param name="Points">Step and bits per byte, in the order of steps.</param>
internal sealed record PlotLine(string Name, string Colour, IReadOnlyList<(double Step, double Bits)> Points);

/// <summary>Bits per byte over steps, as an SVG document: the same for the same lines. Thread-safe.</summary>
internal static class LinePlot
{
    private const double Width = 720, Height = 400, Left = 64, Right = 20, Top = 44, Bottom = 48, Legend = 90;
    private const int Ticks = 5;

    /// <param name="title">What it shows.</param>
    /// <param name="steps">Where the axis ends.</param>
    /// <param name="lines">The lines.</param>
    /// <param name="mark">A point to mark, with what a pointer over it tells; null marks none.</param>
    public static string Of(FormattableString title, double steps, IReadOnlyList<PlotLine> lines,
        (double Step, double Bits, FormattableString Tells)? mark = null)
    {
        (double Step, double Bits)[] all = [.. lines.SelectMany(line => line.Points)];
        steps = Math.Max(1, steps);
        var (least, most) = all.Length == 0 ? (0, 8) : (all.Min(point => point.Bits), all.Max(point => point.Bits));
        if (most - least < 0.01) (least, most) = (least - 0.005, most + 0.005);

        var svg = new StringBuilder();
        Add($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Add($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"white\"/>");
        Add($"<text x=\"{Left}\" y=\"18\">{title.ToString(CultureInfo.InvariantCulture)}</text>");
        for (var i = 0; i <= Ticks; i++)
        {
            var (bits, step) = (least + (most - least) * i / Ticks, steps * i / Ticks);
            Add($"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(bits):F1}\" y2=\"{Y(bits):F1}\" stroke=\"#ddd\"/>");
            Add($"<text x=\"{Left - 6}\" y=\"{Y(bits) + 4:F1}\" text-anchor=\"end\">{bits:F3}</text>");
            Add($"<text x=\"{X(step):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{step:N0}</text>");
        }

        var place = 0;
        foreach (var line in lines)
        {
            var path = string.Join(' ', line.Points.Select(point =>
                string.Create(CultureInfo.InvariantCulture, $"{X(point.Step):F1},{Y(point.Bits):F1}")));
            Add($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{line.Colour}\" stroke-width=\"1.5\"/>");
            // Lines of one name are of one kind.
            if (line.Name.Length > 0) Add($"<text x=\"{Left + Legend * place++}\" y=\"36\" fill=\"{line.Colour}\">{line.Name}</text>");
        }

        if (mark is { } marked)
        {
            Add($"<circle cx=\"{X(marked.Step):F1}\" cy=\"{Y(marked.Bits):F1}\" r=\"4\" fill=\"#06c\">");
            Add($"<title>{marked.Tells.ToString(CultureInfo.InvariantCulture)}</title></circle>");
        }

        Add($"</svg>");
        return svg.ToString();

        double X(double step) => Left + (Width - Left - Right) * step / steps;

        double Y(double bits) => Height - Bottom - (Height - Top - Bottom) * (bits - least) / (most - least);

        void Add(FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
