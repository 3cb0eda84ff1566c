using System.Globalization;
using System.Text.Json.Nodes;

namespace Interlace.Server;

/// <summary>A request that is refused, with what the caller gets: a status, and an error in OpenAI's form.</summary>
/// <param name="status">HTTP status, 400 to 599.</param>
/// <param name="message">One sentence: what is wrong, where, and what to do.</param>
/// <param name="parameter">The member of the request that is wrong.</param>
/// <param name="code">A word for programs.</param>
internal sealed class RequestException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status => status;

    /// <summary>Seconds after which asking again may help; null where it will not.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The error in OpenAI's form.</summary>
    public JsonObject ToJson() => new()
    {
        ["error"] = new JsonObject { ["message"] = Message, ["type"] = Type(status), ["param"] = parameter, ["code"] = code },
    };

    /// <summary>Too many wait already.</summary>
    public static RequestException Busy(int retryAfter) =>
        new(429, string.Create(CultureInfo.InvariantCulture, $"Too many requests are waiting: try again in {retryAfter} s."),
            code: "queue_full") { RetryAfter = retryAfter };

    /// <summary>The server is ending.</summary>
    public static RequestException Ending() => new(503, "The server is ending.", code: "shutting_down");

    private static string Type(int status) => status switch
    {
        401 or 403 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
