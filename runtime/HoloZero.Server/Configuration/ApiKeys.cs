using System.Security.Cryptography;
using System.Text;

namespace HoloZero.Server;

/// <summary>Lets those into <c>/v1</c> who show a key whose hash is configured; everybody where none is.</summary>
internal sealed class ApiKeyMiddleware(RequestDelegate next, ServerOptions options)
{
    private const string Scheme = "Bearer ";

    private static readonly ApiError Refusal = new(StatusCodes.Status401Unauthorized,
        "no valid API key is shown; send Authorization: Bearer KEY", "authentication_error", Code: "invalid_api_key");

    private readonly byte[][] _hashes = [.. options.ApiKeyHashes.Select(Convert.FromHexString)];

    /// <summary>Serves a request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (_hashes.Length == 0 || !Routes.IsApi(context) || Knows(context.Request.Headers.Authorization.ToString()))
            return next(context);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new ApiException(Refusal);
    }

    /// <summary>Compares with every hash, in a time that does not tell how much of one agrees.</summary>
    private bool Knows(string authorization)
    {
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;
        var shown = SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()));
        var known = false;
        foreach (var hash in _hashes) known |= CryptographicOperations.FixedTimeEquals(hash, shown);
        return known;
    }
}
