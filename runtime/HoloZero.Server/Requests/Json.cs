using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace HoloZero.Server;

/// <summary>How this service writes and reads JSON.</summary>
internal static class Json
{
    /// <summary>For writers: text as it is, which no HTML contains.</summary>
    public static JsonWriterOptions Options { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a body to its end; how long it may be is for the server to say.</summary>
    public static async Task<byte[]> ReadBytesAsync(this HttpRequest request, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellation);
        return body.ToArray();
    }

    /// <summary>Reads a body that is a JSON object. The caller disposes it.</summary>
    /// <exception cref="ApiException">It is none, or says to be something else.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (!request.HasJsonContentType())
        {
            throw new ApiException(ApiError.Invalid(null, "the content type is not application/json",
                status: StatusCodes.Status415UnsupportedMediaType));
        }

        var body = await request.ReadBytesAsync(cancellation);
        // The parser would find that only where it is asked for the text.
        if (!Utf8.IsValid(body)) throw ApiException.Invalid(null, "the body is not UTF-8", "invalid_json");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, Reading);
        }
        catch (InvalidOperationException e)
        {
            // Names are compared when they are read, to refuse those that come twice.
            throw new ApiException(ApiError.Invalid(null, "the name of a field has half a surrogate pair", "invalid_json"), e);
        }
        catch (JsonException e)
        {
            throw new ApiException(ApiError.Invalid(null, $"the body is no sound JSON: {e.Message}", "invalid_json"), e);
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        throw ApiException.Invalid(null, "the body is no JSON object", "invalid_json");
    }

    /// <summary>Writes an answer, in pieces where it is long.</summary>
    public static async Task WriteAsync(HttpResponse response, Action<Utf8JsonWriter> write, CancellationToken cancellation)
    {
        response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(response.BodyWriter, Options);
        write(json);
        await json.FlushAsync(cancellation);
        await response.BodyWriter.FlushAsync(cancellation);
    }
}
