using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Server;
using Interlace.Tests.Images;
using Interlace.Vlm;
using OpenAI;
using OpenAI.Chat;
using TorchSharp;

namespace Interlace.Tests.Server;

/// <summary>A server of this process on a free port, with tiny models called tied and text, and clients for it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string Tied = "tied", TextModel = "text";

    private readonly List<ServedModel> _models;
    private readonly ChatServer _server;

    private TestServer(List<ServedModel> models, ChatServer server, string? key)
    {
        (_models, _server, Key) = (models, server, key);
        Http = new() { BaseAddress = server.Address };
        if (key is not null) Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The usual bounds, on a free port.</summary>
    public static ServerOptions Usual { get; } = new(IPAddress.Loopback, Port: 0, MaxNewTokens: 12);

    public string? Key { get; }

    public HttpClient Http { get; }

    public Uri Address => _server.Address;

    /// <summary>What the server said of its own faults.</summary>
    public List<string> Log { get; private init; } = [];

    public static Task<TestServer> Start(ServerOptions? options = null) =>
        Start(options ?? Usual, [(Tied, TinyCheckpoints.Tied), (TextModel, TinyCheckpoints.Text)]);

    public static async Task<TestServer> Start(ServerOptions options, IReadOnlyList<(string Name, string Folder)> folders,
        IReadOnlyList<PageExample>? examples = null)
    {
        List<ServedModel> models = [.. folders.Select(folder =>
            new ServedModel(folder.Name, LoadedModel.Open(folder.Folder, torch.CPU, torch.ScalarType.Float32)))];
        var log = new List<string>();
        return new(models, await ChatServer.Start(models, options, examples ?? [], log.Add), options.ApiKey) { Log = log };
    }

    /// <summary>Decoder layers of a model.</summary>
    public int Layers(string model) => _models.Single(served => served.Name == model).Loaded.Model.Layers.Count;

    /// <summary>The official client.</summary>
    public ChatClient Client(string model = Tied) => new(model, new ApiKeyCredential(Key ?? "none"),
        new OpenAIClientOptions { Endpoint = new Uri(Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) });

    /// <summary>Sends a body as it stands.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body)> Post(string body, HttpClient? http = null)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await (http ?? Http).PostAsync("/v1/chat/completions", content);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>A request for an answer, with further members.</summary>
    public static string Asking(string text, string more = "", string model = Tied) =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{text}}"}]{{(more.Length > 0 ? "," + more : "")}}}""";

    /// <summary>The value of a line of the metrics; 0 where there is none.</summary>
    public async Task<double> Metric(string line) =>
        (await Http.GetStringAsync("/metrics")).Split('\n').Where(found => found.StartsWith(line + " ", StringComparison.Ordinal))
            .Select(found => double.Parse(found[(line.Length + 1)..])).SingleOrDefault();

    /// <summary>Waits until a line of the metrics has a value.</summary>
    public async Task Until(string line, double value)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await Metric(line) != value) await Task.Delay(10, patience.Token);
    }

    /// <summary>A picture of coloured noise.</summary>
    public static byte[] Picture { get; } = Png.Write(64, 48, 8, 2, [.. Enumerable.Range(0, 64 * 48 * 3).Select(i => (byte)(i * i * 31))]);

    public Task End() => _server.DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Http.Dispose();
        foreach (var model in _models) model.Loaded.Dispose();
    }
}
