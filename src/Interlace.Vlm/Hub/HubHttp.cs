using System.Net;
using System.Net.Http.Headers;
using Polly;
using Polly.Retry;

namespace Interlace.Vlm.Hub;

/// <summary>
/// Requests to the hub. Redirects are followed here, because the token goes to the hub's own host alone; answers of 408, 429 and 5xx,
/// silence and broken connections are tried again after a growing pause, or the one that the server asks for.
/// </summary>
internal sealed class HubHttp : IDisposable
{
    private const int Retries = 5, MostRedirects = 5;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1), LongestAsked = TimeSpan.FromMinutes(5);

    private readonly HubSettings _settings;
    private readonly HttpClient _client;
    private readonly ResiliencePipeline<HttpResponseMessage> _retries;

    /// <summary>Requests by settings.</summary>
    /// <param name="settings">Where the hub is, and who asks.</param>
    public HubHttp(HubSettings settings)
    {
        _settings = settings;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None,
            UseProxy = !settings.Endpoint.IsLoopback, ConnectTimeout = settings.Patience,
        };
        _client = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new("interlace", typeof(HubHttp).Assembly.GetName().Version!.ToString(3)));
        _retries = new ResiliencePipelineBuilder<HttpResponseMessage>().AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            MaxRetryAttempts = Retries, BackoffType = DelayBackoffType.Exponential, UseJitter = true,
            Delay = settings.Pause, MaxDelay = LongestPause,
            ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                .Handle<HttpRequestException>(e => e.HttpRequestError != HttpRequestError.NameResolutionError).Handle<IOException>()
                .Handle<TimeoutException>().HandleResult(answer => MayPass(answer.StatusCode)),
            DelayGenerator = arguments => ValueTask.FromResult(Asked(arguments.Outcome.Result)),
            OnRetry = arguments =>
            {
                arguments.Outcome.Result?.Dispose();
                return default;
            },
        }).Build();
    }

    /// <summary>The settings.</summary>
    public HubSettings Settings => _settings;

    /// <summary>Asks for an address below the endpoint.</summary>
    /// <param name="address">Where.</param>
    /// <param name="repository">What it belongs to, for messages; null where that is no repository.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="from">First byte of the part that is asked for; the whole where absent.</param>
    /// <param name="to">Last byte of the part; that of the file where absent.</param>
    /// <returns>An answer of 200, 206 or 416; the caller disposes it.</returns>
    /// <exception cref="InputException">The hub refuses it, or cannot be reached.</exception>
    public async Task<HttpResponseMessage> Get(Uri address, HubRepository? repository, CancellationToken cancellation,
        long? from = null, long? to = null)
    {
        var range = from is null ? null : new RangeHeaderValue(from, to);
        var answer = await Retried(address, range, cancellation).ConfigureAwait(false);
        if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable)
            return answer;
        using (answer)
            throw new InputException(repository is null ? HubRefusal.Of(answer, address) : HubRefusal.Of(answer, repository, _settings));
    }

    /// <summary>A whole answer with its headers, of a bounded number of bytes.</summary>
    /// <param name="address">Where.</param>
    /// <param name="repository">What it belongs to, for messages.</param>
    /// <param name="most">A longer answer is refused.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">As of <see cref="Get"/>, or it is too long.</exception>
    public async Task<(byte[] Bytes, HttpResponseHeaders Headers)> GetWhole(Uri address, HubRepository repository, int most,
        CancellationToken cancellation)
    {
        for (int attempt = 0; ; attempt++)
        {
            using var answer = await Get(address, repository, cancellation).ConfigureAwait(false);
            try
            {
                return (await ReadWhole(answer, most, cancellation).ConfigureAwait(false), answer.Headers);
            }
            catch (Exception e) when (IsOutage(e) && attempt < Retries)
            {
                // It broke off in its middle.
            }
            catch (Exception e) when (IsOutage(e))
            {
                throw Unreachable(e);
            }
        }
    }

    private async Task<byte[]> ReadWhole(HttpResponseMessage answer, int most, CancellationToken cancellation)
    {
        using var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        int read;
        while ((read = await Within(limit => stream.ReadAsync(buffer, limit).AsTask(), cancellation).ConfigureAwait(false)) > 0)
        {
            if (bytes.Length + read > most)
                throw new InputException($"{_settings.Endpoint} answers with more than {most} bytes: look at HF_ENDPOINT.");
            bytes.Write(buffer, 0, read);
        }
        return bytes.ToArray();
    }

    /// <summary>Runs a piece of reading from an answer under the patience that a server is given.</summary>
    /// <exception cref="TimeoutException">It was silent for too long.</exception>
    public async Task<T> Within<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_settings.Patience);
        try
        {
            return await read(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {_settings.Patience.TotalSeconds:0.###} s");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> Retried(Uri address, RangeHeaderValue? range, CancellationToken cancellation)
    {
        try
        {
            return await _retries.ExecuteAsync(async token => await Follow(address, range, token).ConfigureAwait(false), cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (IsOutage(e))
        {
            throw Unreachable(e, address);
        }
    }

    /// <summary>Whether an exception says that a server could not be reached or broke off.</summary>
    public static bool IsOutage(Exception e) => e is HttpRequestException or IOException or TimeoutException;

    /// <summary>The sentence for a server that cannot be reached.</summary>
    /// <param name="e">What happened.</param>
    /// <param name="address">What was asked; the hub where absent.</param>
    public InputException Unreachable(Exception e, Uri? address = null)
    {
        string reason = e is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error } ? error.ToString()
            : e is TimeoutException ? e.Message : "the connection broke off";
        return new($"{(address ?? _settings.Endpoint).GetLeftPart(UriPartial.Authority)} cannot be reached ({reason}): look at the "
            + $"network and at "
            + "HF_ENDPOINT, and give the same command again; what was fetched is kept.", e);
    }

    private async Task<HttpResponseMessage> Follow(Uri address, RangeHeaderValue? range, CancellationToken cancellation)
    {
        for (int redirects = 0; ; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Range = range;
            request.Headers.AcceptEncoding.Add(new("identity"));   // a range of packed bytes would be of no use
            if (_settings.Token is { } token && IsOfEndpoint(address)) request.Headers.Authorization = new("Bearer", token);
            var answer = await Within(limit => _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit), cancellation)
                .ConfigureAwait(false);
            if ((int)answer.StatusCode is not (301 or 302 or 303 or 307 or 308)) return answer;
            using (answer) address = Next(address, answer.Headers.Location, redirects);
        }
    }

    private Uri Next(Uri address, Uri? location, int redirects)
    {
        string host = address.GetLeftPart(UriPartial.Authority);
        if (location is null) throw new InputException($"{host} sends on without saying where.");
        if (redirects == MostRedirects) throw new InputException($"{host} sends on more than {MostRedirects} times.");
        var next = new Uri(address, location);
        bool isSafe = next.Scheme == "https" || (next.Scheme == "http" && address.Scheme == "http");
        return isSafe ? next : throw new InputException($"{host} sends on to an address without https: it is not followed.");
    }

    /// <summary>Whether an address is on the hub's own host, where the token belongs.</summary>
    public bool IsOfEndpoint(Uri address) =>
        Uri.Compare(address, _settings.Endpoint, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase)
            == 0;

    private static bool MayPass(HttpStatusCode status) => (int)status is 408 or 429 or >= 500;

    private static TimeSpan? Asked(HttpResponseMessage? answer)
    {
        if (answer?.Headers.RetryAfter is not { } header) return null;
        var asked = header.Delta ?? header.Date - DateTimeOffset.UtcNow;
        return asked is not { } pause ? null : pause < TimeSpan.Zero ? TimeSpan.Zero : pause < LongestAsked ? pause : LongestAsked;
    }
}
