using System.Net;
using Interlace.Vlm;
using Interlace.Vlm.Generation;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Interlace.Server;

/// <summary>
/// Models behind OpenAI's chat API, with a page that compares them. Kestrel alone, without the framework around it: there are a handful of
/// addresses, and one thread that decodes for all of them (<see cref="ContinuousGenerator"/>).
/// </summary>
public sealed class ChatServer : IAsyncDisposable
{
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);   // for telling those who wait that nothing more comes

    private readonly CancellationTokenSource _ending = new();
    private readonly ServerOptions _options;
    private readonly ContinuousGenerator _generator;
    private readonly Completions _completions;
    private readonly KestrelServer _kestrel;
    private bool _hasEnded;

    private ChatServer(IReadOnlyList<ServedModel> models, ServerOptions options, IReadOnlyList<PageExample> examples, Action<string> log)
    {
        _options = options;
        _generator = new([.. models.Select(model => model.Loaded)], new(options.Slots, MostWaiting: options.MaxQueue));
        var metrics = new ServerMetrics();
        _completions = new(models, _generator, options, metrics, TimeProvider.System);
        Router = new Router(models, _generator, _completions, metrics, options, examples, log, _ending.Token);
        _kestrel = new(new OptionsWrapper<KestrelServerOptions>(Limits(options)),
            new SocketTransportFactory(new OptionsWrapper<SocketTransportOptions>(new()), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_kestrel.Features.Get<IServerAddressesFeature>()!.Addresses.First());

    private Router Router { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="models">The models, each with a name of its own; they must outlive the server.</param>
    /// <param name="options">Where it listens and what it bears.</param>
    /// <param name="examples">Images with questions that the page offers.</param>
    /// <param name="log">Gets one line about what goes wrong here and not at the caller's.</param>
    /// <exception cref="InputException">The port is taken, or the address is not this machine's or needs a key.</exception>
    public static async Task<ChatServer> Start(IReadOnlyList<ServedModel> models, ServerOptions options,
        IReadOnlyList<PageExample> examples, Action<string> log)
    {
        options.Check();
        var server = new ChatServer(models, options, examples, log);
        try
        {
            await server._kestrel.StartAsync(new HttpApplication(server.Router.Handle), CancellationToken.None).ConfigureAwait(false);
            return server;
        }
        catch (Exception e)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            if (e.InnerException is AddressInUseException)
                throw new InputException($"Port {options.Port} of {options.Host} is taken: choose another with --port.", e);
            if (e is IOException or System.Net.Sockets.SocketException)
                throw new InputException($"Cannot listen on {new IPEndPoint(options.Host, options.Port)}: {e.Message.TrimEnd('.')}.", e);
            throw;
        }
    }

    /// <summary>Ends: nobody new is let in, answers in progress have a short time, and what is not whole by then is broken off.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_hasEnded) return;
        _hasEnded = true;
        _ending.CancelAfter(_options.Grace);
        using var patience = new CancellationTokenSource(_options.Grace + LastWords);
        await _kestrel.StopAsync(patience.Token).ConfigureAwait(false);
        await _ending.CancelAsync().ConfigureAwait(false);
        _generator.Dispose();
        _kestrel.Dispose();
        _completions.Dispose();
        _ending.Dispose();
    }

    private static KestrelServerOptions Limits(ServerOptions options)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        // RequestBody has the bound. Kestrel's own would close the connection while the caller still sends, who then hears no answer.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxConcurrentConnections = 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
        kestrel.Listen(options.Host, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        return kestrel;
    }
}
