using System.Net;
using Interlace.Vlm;

namespace Interlace.Server;

/// <summary>Where a server listens and what it bears.</summary>
/// <param name="Host">Address that it listens on; loopback unless there is a key.</param>
/// <param name="Port">Port; 0 for any that is free.</param>
/// <param name="ApiKey">What callers must know; null where nobody is asked.</param>
/// <param name="AllowRemoteImages">Images may be named by addresses on the web, which the server then fetches.</param>
/// <param name="Slots">Conversations that each model answers at once.</param>
/// <param name="MaxQueue">Conversations that may wait for a place at each model; further requests get status 429.</param>
/// <param name="MaxRequestBytes">Bytes of a request's body; more get status 413.</param>
/// <param name="MaxNewTokens">Tokens of an answer where a request gives no bound.</param>
/// <param name="MaxContext">Tokens of prompt and answer together; less where the model was made for less.</param>
/// <param name="Grace">How long answers in progress may go on when the server is told to end.</param>
/// <param name="Seed">Seed of the answers of requests that draw tokens and name no seed.</param>
public sealed record ServerOptions(
    IPAddress Host, int Port = 8080, string? ApiKey = null, bool AllowRemoteImages = false, int Slots = 16, int MaxQueue = 64,
    long MaxRequestBytes = 20 << 20, int MaxNewTokens = 1024, int MaxContext = 16_384, TimeSpan Grace = default, int Seed = 0)
{
    /// <summary>Who gets to the server can use it: beyond this machine that takes a key.</summary>
    /// <exception cref="InputException">The address is not loopback, and there is no key.</exception>
    public void Check()
    {
        if (!IPAddress.IsLoopback(Host) && ApiKey is null)
            throw new InputException($"On {Host} anybody in the network could use the models: name the environment variable of a key "
                + "with --api-key-env, or leave --host out.");
    }
}
