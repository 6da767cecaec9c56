using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Runtime;
using Microsoft.AspNetCore.Http.Timeouts;

namespace HoloZero.Server;

/// <summary>What a failure of the engine, of the request or of the connection is to the caller.</summary>
internal static class ErrorMapping
{
    /// <summary>A request has taken all of its time.</summary>
    public static ApiError Timeout { get; } =
        new(StatusCodes.Status504GatewayTimeout, "the request took longer than this service allows", "server_error", Code: "timeout");

    /// <summary>The error for a failure.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="context">The request.</param>
    /// <param name="retryAfter">Seconds after which another try is worth it.</param>
    public static ApiError Of(Exception failure, HttpContext context, int retryAfter) => failure switch
    {
        ApiException told => told.Error,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            ApiError.Invalid(null, "the body is larger than this service takes", "body_too_large", StatusCodes.Status413PayloadTooLarge),
        BadHttpRequestException bad => ApiError.Invalid(null, bad.Message, status: bad.StatusCode),
        QueueFullException full => ApiError.TooMany(full.Message, retryAfter),
        GeneratorStoppedException or ObjectDisposedException =>
            ApiError.Unavailable("the service is shutting down; what was not done by then has ended", "shutting_down", retryAfter),
        ModelLoadException => ApiError.Unavailable("the model did not load; the service's log says why", "model_failed", retryAfter),
        BadInputException bad => OfInput(bad.Where.Replace('-', '_'), bad),
        OperationCanceledException when TimedOut(context) => Timeout,
        MissingCapabilityException => ApiError.Unavailable("memory is too small for this request now", "out_of_memory", retryAfter),
        HoloZeroException => new(StatusCodes.Status500InternalServerError, "the model failed; the service's log says how", "server_error",
            Code: "model_failed"),
        _ => new(StatusCodes.Status500InternalServerError, "internal error; the service's log has it under this request's id",
            "server_error", Code: "internal_error"),
    };

    /// <summary>Whether it is the service's own fault, to be looked into.</summary>
    public static bool IsFault(ApiError error) => error.Status == StatusCodes.Status500InternalServerError;

    /// <summary>Whether the request ran out of its time, rather than its caller having left.</summary>
    public static bool TimedOut(HttpContext context) =>
        context.Features.Get<IHttpRequestTimeoutFeature>()?.RequestTimeoutToken.IsCancellationRequested == true;

    /// <summary>Options are called as in the protocols.</summary>
    private static ApiError OfInput(string field, BadInputException bad) => ApiError.Invalid(field, $"{field}: {bad.What}; {bad.Remedy}");
}
