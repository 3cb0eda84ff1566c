using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary>Whole responses.</summary>
internal static class Replies
{
    public static Task Json(HttpContext context, int status, JsonObject json, CancellationToken cancellation = default) =>
        Text(context, status, "application/json; charset=utf-8", json.ToJsonString(), cancellation);

    public static Task Text(HttpContext context, int status, string type, string text, CancellationToken cancellation = default)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(text, cancellation);
    }

    /// <summary>A refusal; where the response has begun already, the error is its last event.</summary>
    public static async Task Refuse(HttpContext context, RequestException refusal)
    {
        if (context.Response.HasStarted)
        {
            await new EventStream(context.Response, CancellationToken.None).Send(refusal.ToJson()).ConfigureAwait(false);
            return;
        }
        if (refusal.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (refusal.Status == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
        await Json(context, refusal.Status, refusal.ToJson()).ConfigureAwait(false);
    }
}
