using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary>A response of server-sent events, each sent at once.</summary>
internal sealed class EventStream(HttpResponse response, CancellationToken cancellation)
{
    public Task Begin()
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";   // proxies would collect them
        return response.StartAsync(cancellation);
    }

    public Task Send(JsonObject json) => Send(json.ToJsonString());

    public Task End() => Send("[DONE]");

    private async Task Send(string data)
    {
        await response.WriteAsync($"data: {data}\n\n", cancellation).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
