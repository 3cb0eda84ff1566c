using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Evaluation.Judges;

/// <summary>
/// A model behind an OpenAI-compatible address. Answers of 408, 429 and 5xx, timeouts,
/// broken connections and unreadable replies are tried again after a growing pause.
/// The key comes from an environment variable and goes into the request's header and nowhere else.
/// </summary>
public sealed class EndpointJudge : IJudge, IDisposable
{
    private const int MaxTokens = 2048;
    private const int Tries = 5;
    private const long LargestReply = 1 << 22;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client;
    private readonly Uri _address;
    private readonly string? _key;
    private readonly string _variable;
    private readonly TimeSpan _timeout, _pause;

    /// <summary>A judge as the settings say.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="pause">The first pause between two tries, one second where absent; it doubles.</param>
    /// <exception cref="InputException">Address or model are missing, or the environment variable holds no key.</exception>
    public EndpointJudge(EvaluationOptions options, TimeSpan? pause = null)
    {
        string endpoint = options.JudgeEndpoint
            ?? throw new InputException("The judge has no address: "
                + "give one with evaluate.judge_endpoint, such as http://localhost:8000/v1.");
        Model = options.JudgeModel ?? throw new InputException("The judge has no model: name one with evaluate.judge_model.");
        if (!ExperimentRules.IsJudgeAddress(endpoint))
            throw new InputException($"evaluate.judge_endpoint is no judge's address: expected {ExperimentRules.JudgeAddressForm}.");
        _address = new Uri(endpoint.TrimEnd('/') + "/chat/completions");
        (_key, _variable) = (KeyIn(options.JudgeKey), options.JudgeKey);
        (_timeout, _pause) = (TimeSpan.FromSeconds(options.JudgeTimeout), pause ?? TimeSpan.FromSeconds(1));
        // A redirect would carry questions to an address that nobody named; a proxy has no part in a call to this machine.
        _client = new(new SocketsHttpHandler { AllowAutoRedirect = false,
            UseProxy = !_address.IsLoopback }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LargestReply };
    }

    /// <inheritdoc/>
    public string Model { get; }

    /// <summary>
    /// Where questions go and which variable's key with them: whoever starts a command that a file describes must see it before the first
    /// question.
    /// </summary>
    public string Introduction =>
        $"The judge {Model} is asked at {_address.GetLeftPart(UriPartial.Authority)}, "
            + $"{(_key is null ? $"without a key: the variable {_variable} is not set" : $"with the key in the variable {_variable}")}.";

    /// <inheritdoc/>
    public async Task<JudgeReply> Ask(JudgeRequest request, CancellationToken cancellation)
    {
        byte[] body = Encoding.UTF8.GetBytes(Body(request).ToJsonString());
        var pause = _pause;
        for (int attempt = 1; ; attempt++, pause *= 2)
        {
            var (reply, mayRetry, wait) = await Try(body, cancellation).ConfigureAwait(false);
            if (reply.Text is not null || !mayRetry) return reply;
            if (attempt == Tries) return reply with { Failure = $"{reply.Failure}, {Tries} times" };
            if (wait is { } asked && asked > pause) pause = asked;
            await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<(JudgeReply Reply, bool MayRetry, TimeSpan? Wait)> Try(byte[] body, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_timeout);
        try
        {
            using HttpRequestMessage message = new(HttpMethod.Post,
                _address) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
            if (_key is not null) message.Headers.Authorization = new("Bearer", _key);
            using var response = await _client.SendAsync(message, limit.Token).ConfigureAwait(false);
            int status = (int)response.StatusCode;
            if (status is < 200 or > 299)
                return (new(null, $"{status} {response.StatusCode}", IsOutage: status is not (400 or 413 or 415 or 422)),
                    status is 408 or 429 or >= 500, Wait(response.Headers.RetryAfter));
            return (Read(await response.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false)), true, null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (new(null, $"no answer within {_timeout.TotalSeconds:0.###} s", IsOutage: true), true, null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (new(null, e is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error }
                ? $"no connection ({error})" : "no connection", IsOutage: true), true, null);
        }
    }

    /// <summary>The text of the first choice. Should the server repeat the key, it is taken out.</summary>
    private JudgeReply Read(byte[] bytes)
    {
        try
        {
            string? text = StrictJson.Parse(bytes)?["choices"]?[0]?["message"]?["content"]?.GetValue<string>();
            if (text is null) return new(null, "the reply holds no text");
            return new(_key is null ? text : text.Replace(_key, "[key]", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentOutOfRangeException or FormatException)
        {
            return new(null, "the reply is no chat completion", IsOutage: true);
        }
    }

    private JsonObject Body(JudgeRequest request)
    {
        JsonNode content = request.Images.Count == 0 ? request.Prompt : new JsonArray(
        [
            new JsonObject { ["type"] = "text", ["text"] = request.Prompt },
            .. request.Images.Select(image => (JsonNode)new JsonObject { ["type"] = "image_url",
            ["image_url"] = new JsonObject { ["url"] = DataUrl(image), ["detail"] = "low" } }),
        ]);
        return new()
        {
            ["model"] = Model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }),
            ["temperature"] = request.Temperature,
            ["max_tokens"] = MaxTokens,
        };
    }

    private static string DataUrl(byte[] image)
    {
        string type = image switch
        {
            [0xFF, 0xD8, ..] => "jpeg",
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "webp",
            [(byte)'G', (byte)'I', (byte)'F', ..] => "gif",
            _ => "png",
        };
        return $"data:image/{type};base64,{Convert.ToBase64String(image)}";
    }

    private static TimeSpan? Wait(RetryConditionHeaderValue? header) => header?.Delta;

    private static string? KeyIn(string variable)
    {
        string? key = Environment.GetEnvironmentVariable(variable)?.Trim();
        if (string.IsNullOrEmpty(key)) return null;
        return key.All(c => c is > ' ' and < '\x7f')
            ? key
            : throw new InputException($"The environment variable {variable} holds no key: it has characters that a header cannot carry.");
    }
}
