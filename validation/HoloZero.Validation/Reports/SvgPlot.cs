using System.Globalization;
using System.Net;
using System.Text;

namespace HoloZero.Validation.Reports;

/// <summary>A small plot as inline SVG: a frame with axes, and marks in data coordinates. Colours come from the page's style.</summary>
internal sealed class SvgPlot
{
    private const double Left = 52, Right = 14, Top = 12, Bottom = 34;
    private readonly StringBuilder _body = new();
    private readonly double _width;
    private readonly double _height;
    private readonly (double From, double To) _x;
    private readonly (double From, double To) _y;

    /// <param name="x">Range of the horizontal axis; logarithms where it is logarithmic.</param>
    /// <param name="y">Range of the vertical axis.</param>
    /// <param name="width">Width in the units of its coordinates.</param>
    /// <param name="height">Height in the same.</param>
    public SvgPlot((double From, double To) x, (double From, double To) y, double width = 460, double height = 250) =>
        (_x, _y, _width, _height) = (x, y, width, height);

    public void Path(IEnumerable<(double X, double Y)> points, string style) =>
        Raw($"<path class=\"{style}\" d=\"M{string.Join('L', points.Select(point => $"{N(X(point.X))} {N(Y(point.Y))}"))}\"/>");

    public void Dot(double x, double y, double radius, string style, string? title = null) =>
        Raw($"<circle class=\"{style}\" cx=\"{N(X(x))}\" cy=\"{N(Y(y))}\" r=\"{N(radius)}\">"
            + $"{(title is null ? "" : $"<title>{Escape(title)}</title>")}</circle>");

    public void Line(double x1, double y1, double x2, double y2, string style) =>
        Raw($"<line class=\"{style}\" x1=\"{N(X(x1))}\" y1=\"{N(Y(y1))}\" x2=\"{N(X(x2))}\" y2=\"{N(Y(y2))}\"/>");

    /// <summary>A label at a tick of the horizontal axis, with a grid line if wanted.</summary>
    public void TickX(double x, string text, bool grid = false)
    {
        if (grid) Line(x, _y.From, x, _y.To, "grid");
        Raw($"<text class=\"tick\" x=\"{N(X(x))}\" y=\"{N(_height - Bottom + 15)}\" text-anchor=\"middle\">{Escape(text)}</text>");
    }

    /// <summary>A label at a tick of the vertical axis, with a grid line.</summary>
    public void TickY(double y, string text, string style = "grid")
    {
        Line(_x.From, y, _x.To, y, style);
        Raw($"<text class=\"tick\" x=\"{N(Left - 7)}\" y=\"{N(Y(y) + 4)}\" text-anchor=\"end\">{Escape(text)}</text>");
    }

    /// <summary>A word within the plot.</summary>
    public void Note(double x, double y, string text, string anchor = "end") =>
        Raw($"<text class=\"note\" x=\"{N(X(x) + (anchor == "end" ? -4 : 4))}\" y=\"{N(Y(y) - 5)}\" "
            + $"text-anchor=\"{anchor}\">{Escape(text)}</text>");

    /// <summary>What the horizontal axis is.</summary>
    public void TitleX(string text) =>
        Raw($"<text class=\"axis\" x=\"{N((Left + _width - Right) / 2)}\" y=\"{N(_height - 4)}\" "
            + $"text-anchor=\"middle\">{Escape(text)}</text>");

    public string Svg(string label) => string.Create(CultureInfo.InvariantCulture,
        $"<svg viewBox=\"0 0 {_width} {_height}\" role=\"img\" aria-label=\"{Escape(label)}\">{_body}</svg>");

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private double X(double x) => Left + (Math.Clamp(x, _x.From, _x.To) - _x.From) / (_x.To - _x.From) * (_width - Left - Right);

    private double Y(double y) =>
        _height - Bottom - (Math.Clamp(y, _y.From, _y.To) - _y.From) / (_y.To - _y.From) * (_height - Top - Bottom);

    private static string N(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void Raw(string element) => _body.Append(element);
}
