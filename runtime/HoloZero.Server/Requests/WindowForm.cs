using System.Globalization;
using System.Text;
using System.Text.Unicode;
using HoloZero.Artifacts;
using HoloZero.Media;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace HoloZero.Server;

/// <summary>
/// A body of <c>multipart/form-data</c> that says what a window is made of, and perhaps how the next one begins. Read in memory: no part of
/// it ever becomes a file, whatever name it has.
/// </summary>
/// <param name="Parts">Picture, sound, moment, caption; their layout is the default one.</param>
/// <param name="Prompt">Bytes that the continuation begins with; null where there are none.</param>
internal sealed record WindowForm(FilmWindowParts Parts, byte[]? Prompt)
{
    private const string MediaType = "multipart/form-data";
    private const int LongestBoundary = 70;

    /// <summary>Whether a request brings one.</summary>
    public static bool IsIn(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads it to its end; how long it may be is for the server to say.</summary>
    /// <param name="request">The request.</param>
    /// <param name="mostPrompt">Bytes of a prompt at most; null where there may be none.</param>
    /// <param name="cancellation">The caller has left.</param>
    /// <exception cref="ApiException">It is none, damaged, or has a field that is wrong, unknown or there twice.</exception>
    public static async Task<WindowForm> ReadAsync(HttpRequest request, int? mostPrompt, CancellationToken cancellation)
    {
        if (!IsIn(request))
        {
            throw new ApiException(ApiError.Invalid(null,
                $"the content type is not {MediaType}; send picture, sound or caption as its fields",
                status: StatusCodes.Status415UnsupportedMediaType));
        }

        var fields = await FieldsAsync(request, cancellation);
        var form = new WindowForm(new()
        {
            Picture = Take("picture") is { } picture ? File("picture", picture, MediaReader.PictureLimit(picture),
                "PNG, JPEG, WebP, BMP or GIF") : null,
            Sound = Take("sound") is { } sound ? File("sound", sound, MediaReader.SoundLimit(sound), "WAV, FLAC or MP3") : null,
            At = Take("at") is { } at ? Seconds(at) : null,
            Caption = Take("caption") is { } caption ? Text("caption", caption) : null,
        }, mostPrompt is null ? null : Take("prompt"));
        if (fields.Keys.FirstOrDefault() is { } unknown)
        {
            throw ApiException.Invalid(Untrusted.Cut(unknown), $"{Untrusted.Quote(unknown)} is no field of this form; leave it out",
                "unknown_parameter");
        }

        return form.Prompt?.Length > mostPrompt
            ? throw ApiException.Invalid("prompt", $"prompt has {form.Prompt.Length} bytes, allowed are {mostPrompt}", "too_long") : form;

        byte[]? Take(string name) => fields.Remove(name, out var value) ? value : null;
    }

    private static async Task<Dictionary<string, byte[]>> FieldsAsync(HttpRequest request, CancellationToken cancellation)
    {
        var boundary = HeaderUtilities.RemoveQuotes(MediaTypeHeaderValue.Parse(request.ContentType).Boundary);
        if (boundary.Length is 0 or > LongestBoundary)
        {
            throw ApiException.Invalid(null, $"the content type names no boundary of 1 to {LongestBoundary} characters",
                "invalid_multipart");
        }

        var fields = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            var reader = new MultipartReader(boundary.ToString(), request.Body);
            while (await reader.ReadNextSectionAsync(cancellation) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
                    || HeaderUtilities.RemoveQuotes(disposition.Name) is not { Length: > 0 } name)
                    throw ApiException.Invalid(null, "a part of the form has no name", "invalid_multipart");
                using var value = new MemoryStream();
                await section.Body.CopyToAsync(value, cancellation);
                if (fields.TryAdd(name.ToString(), value.ToArray())) continue;
                throw ApiException.Invalid(Untrusted.Cut(name.ToString()), $"{Untrusted.Quote(name.ToString())} is given more than once");
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new ApiException(ApiError.Invalid(null,
                "the body is no sound multipart/form-data: it ends too early, or a head is too long", "invalid_multipart"), e);
        }

        return fields;
    }

    private static MediaFile File(string name, byte[] file, int? most, string formats)
    {
        if (most is null)
        {
            throw new ApiException(ApiError.Invalid(name, $"{name} is no {formats}; send one of these", $"no_{name}",
                StatusCodes.Status415UnsupportedMediaType));
        }

        return file.Length <= most ? new(file, name)
            : throw new ApiException(ApiError.Invalid(name, string.Create(CultureInfo.InvariantCulture,
                $"{name} has {file.Length:N0} bytes, of this format {most:N0} are allowed; cut or shrink it"), "too_long",
                StatusCodes.Status413PayloadTooLarge));
    }

    private static string Text(string name, byte[] value) => Utf8.IsValid(value) ? Encoding.UTF8.GetString(value)
        : throw ApiException.Invalid(name, $"{name} is not UTF-8; send it as UTF-8");

    private static double Seconds(byte[] value)
    {
        var text = Text("at", value);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? seconds
            : throw ApiException.Invalid("at", $"at: {Untrusted.Quote(text)} is no number of seconds");
    }
}
