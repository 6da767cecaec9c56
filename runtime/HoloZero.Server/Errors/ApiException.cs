namespace HoloZero.Server;

/// <summary>What a caller is told instead of an answer, in OpenAI's words.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Type">OpenAI's kind of error.</param>
/// <param name="Param">The field that is to blame, if one is.</param>
/// <param name="Code">What a program can tell it by, if anything.</param>
/// <param name="RetryAfter">Seconds after which it is worth another try; null where it is not.</param>
internal sealed record ApiError(int Status, string Message, string Type, string? Param = null, string? Code = null, int? RetryAfter = null)
{
    /// <summary>A request that cannot be served as it is.</summary>
    public static ApiError Invalid(string? param, string message, string? code = null, int status = StatusCodes.Status400BadRequest) =>
        new(status, message, "invalid_request_error", param, code);

    /// <summary>A request that may be served later.</summary>
    public static ApiError Unavailable(string message, string code, int retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, message, "server_error", Code: code, RetryAfter: retryAfter);

    /// <summary>Too many wait.</summary>
    public static ApiError TooMany(string message, int retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, message, "rate_limit_error", Code: "queue_full", RetryAfter: retryAfter);
}

/// <summary>Ends a request with an <see cref="ApiError"/>.</summary>
/// <param name="error">What the caller is told.</param>
/// <param name="cause">What happened.</param>
internal sealed class ApiException(ApiError error, Exception? cause = null) : Exception(error.Message, cause)
{
    /// <summary>What the caller is told.</summary>
    public ApiError Error => error;

    /// <summary>A field is wrong.</summary>
    public static ApiException Invalid(string? param, string message, string? code = null) => new(ApiError.Invalid(param, message, code));
}
