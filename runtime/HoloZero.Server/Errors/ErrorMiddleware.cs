using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace HoloZero.Server;

/// <summary>
/// Gives every answer its id, makes every failure an answer, and logs a line a request: never what was asked or answered.
/// </summary>
internal sealed partial class ErrorMiddleware(RequestDelegate next, ServerOptions options, TimeProvider clock,
    ILogger<ErrorMiddleware> logger)
{
    private const string RequestId = "x-request-id";

    /// <summary>Serves a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var start = clock.GetTimestamp();
        context.TraceIdentifier = $"req_{RandomNumberGenerator.GetHexString(24, lowercase: true)}";
        context.Response.Headers[RequestId] = context.TraceIdentifier;
        try
        {
            await next(context);
        }
        catch (Exception e) when (IsGone(e, context))
        {
            if (!context.Response.HasStarted) context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception e)
        {
            var error = ErrorMapping.Of(e, context, options.RetryAfterSeconds);
            if (ErrorMapping.IsFault(error)) LogFault(context.TraceIdentifier, e);
            // Half an answer must not look like a whole one.
            if (context.Response.HasStarted) context.Abort();
            else await WriteAsync(context, error);
        }

        LogRequest(context.TraceIdentifier, context.Request.Method, Route(context), context.Response.StatusCode,
            clock.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>Gives a body to an answer that has a status alone, as routing makes them.</summary>
    public static Task StatusAsync(StatusCodeContext context)
    {
        var (request, status) = (context.HttpContext.Request, context.HttpContext.Response.StatusCode);
        return WriteAsync(context.HttpContext, ApiError.Invalid(null, status switch
        {
            StatusCodes.Status404NotFound => $"there is no {request.Method} {request.Path}; see /openapi/v1.json",
            StatusCodes.Status405MethodNotAllowed => $"{request.Path} does not take {request.Method}",
            _ => $"the request ended with status {status}",
        }, status: status));
    }

    /// <summary>Answers with an error: OpenAI's object under /v1, problem details elsewhere.</summary>
    public static async Task WriteAsync(HttpContext context, ApiError error)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        // Whoever gave up on an answer may have cleared it.
        response.Headers[RequestId] = context.TraceIdentifier;
        if (error.RetryAfter is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (!Routes.IsApi(context))
        {
            await Results.Problem(new ProblemDetails { Status = error.Status, Detail = error.Message }).ExecuteAsync(context);
            return;
        }

        response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(response.BodyWriter.AsStream(leaveOpen: true), Json.Options);
        Write(json, error);
    }

    /// <summary>Writes <c>{"error": {...}}</c>.</summary>
    public static void Write(Utf8JsonWriter json, ApiError error)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Param);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static bool IsGone(Exception e, HttpContext context) => e is OperationCanceledException or IOException
        && e is not BadHttpRequestException && context.RequestAborted.IsCancellationRequested && !ErrorMapping.TimedOut(context);

    /// <summary>The pattern of what was called; what matched none may be anything.</summary>
    private static string Route(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "other";

    [LoggerMessage(1, LogLevel.Information, "{RequestId}: {Method} {Route} {Status} after {Milliseconds:F1} ms")]
    private partial void LogRequest(string requestId, string method, string route, int status, double milliseconds);

    [LoggerMessage(2, LogLevel.Error, "{RequestId}: failed")]
    private partial void LogFault(string requestId, Exception exception);
}
