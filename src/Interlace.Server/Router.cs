using System.Net;
using System.Text.Json.Nodes;
using Interlace.Vlm.Generation;
using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary>Who answers which address, what a caller needs for it, and what becomes of failures.</summary>
internal sealed class Router(IReadOnlyList<ServedModel> models, ContinuousGenerator generator, Completions completions,
    ServerMetrics metrics, ServerOptions options, IReadOnlyList<PageExample> examples, Action<string> log, CancellationToken ending)
{
    private const string PagePath = "/", Health = "/health", Metrics = "/metrics", Models = "/v1/models", Chat = "/v1/chat/completions",
        Examples = "/examples", Other = "other";
    private const int ClientLeft = 499;

    private readonly ApiKey? _key = options.ApiKey is { } key ? new(key) : null;
    private readonly string _examples = PageExample.ToJson(examples).ToJsonString();

    /// <summary>Answers one request, whatever happens.</summary>
    public async Task Handle(HttpContext context)
    {
        string path = Path(context.Request.Path.Value ?? "");
        int status;
        try
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending);
            await Answer(context, path, cancellation.Token).ConfigureAwait(false);
            status = context.Response.StatusCode;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            status = ClientLeft;
        }
        catch (Exception e)
        {
            var refusal = Refusal(e);
            status = refusal.Status;
            await TryRefuse(context, refusal).ConfigureAwait(false);
        }
        metrics.Request(path, status);
    }

    private static string Path(string path) => path switch
    {
        PagePath or Health or Metrics or Models or Chat or Examples => path,
        _ when path.StartsWith(Models + "/", StringComparison.Ordinal) => Models,
        _ => Other,
    };

    private Task Answer(HttpContext context, string path, CancellationToken cancellation)
    {
        CheckHost(context.Request.Host);
        CheckMethod(context, path);
        // A probe learns that the server is alive, and the page asks for the key: neither tells anything of the models.
        if (path is not (PagePath or Health)) _key?.Check(context.Request);
        return path switch
        {
            PagePath => Page.Send(context, cancellation),
            Health => Replies.Json(context, 200, new() { ["status"] = "ok" }, cancellation),
            Metrics => SendMetrics(context, cancellation),
            Models => Replies.Json(context, 200, Listed(context.Request.Path.Value![Models.Length..].TrimStart('/')), cancellation),
            Chat => completions.Answer(context, cancellation),
            Examples => Replies.Text(context, 200, "application/json; charset=utf-8", _examples, cancellation),
            _ => throw new RequestException(404, "There is nothing at this address.", code: "not_found"),
        };
    }

    /// <summary>
    /// Without a key only callers of this machine are served, and a page of another origin that a browser shows here must not pass for one
    /// of them by giving its own name the server's address.
    /// </summary>
    private void CheckHost(HostString host)
    {
        if (_key is not null) return;
        string name = host.Host.Trim('[', ']');
        if (name == "localhost" || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address))) return;
        throw new RequestException(403, "Without a key this server answers to localhost alone.", code: "forbidden_host");
    }

    private static void CheckMethod(HttpContext context, string path)
    {
        string method = context.Request.Method;
        bool isRight = path == Chat ? method == HttpMethods.Post : HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
        if (isRight || path == Other) return;
        string right = path == Chat ? HttpMethods.Post : HttpMethods.Get;
        context.Response.Headers.Allow = right;
        throw new RequestException(405, $"This address is asked by {right}.", code: "method_not_allowed");
    }

    private JsonObject Listed(string name)
    {
        if (name.Length == 0) return new() { ["object"] = "list", ["data"] = new JsonArray([.. models.Select(model => model.ToJson())]) };
        return models.FirstOrDefault(model => model.Name == name)?.ToJson()
            ?? throw new RequestException(404, "There is no model of this name here.", "model", "model_not_found");
    }

    private Task SendMetrics(HttpContext context, CancellationToken cancellation)
    {
        for (int i = 0; i < models.Count; i++) metrics.Load(models[i].Name, generator.Waiting(i), generator.Active(i));
        return Replies.Text(context, 200, "text/plain; version=0.0.4; charset=utf-8", metrics.ToText(), cancellation);
    }

    private RequestException Refusal(Exception e)
    {
        switch (e)
        {
            case RequestException refusal: return refusal;
            case OperationCanceledException or ObjectDisposedException when ending.IsCancellationRequested:
                return RequestException.Ending();
            case BadHttpRequestException bad: return new(bad.StatusCode, "The request is no valid HTTP.", code: "bad_request");
            default:
                log($"A request failed ({e.GetType().Name}): {e.Message}");
                return new(500, "The model could not answer: the server's log says why.", code: "internal_error");
        }
    }

    private static async Task TryRefuse(HttpContext context, RequestException refusal)
    {
        try
        {
            await Replies.Refuse(context, refusal).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            context.Abort();   // nobody is there to be told
        }
    }
}
