using System.Text.Json.Nodes;
using Interlace.Vlm.Generation;

namespace Interlace.Server;

/// <summary>One answer in OpenAI's form: whole, or in pieces.</summary>
/// <param name="id">Its name.</param>
/// <param name="created">When it was asked for, in seconds since 1970.</param>
/// <param name="model">The model's name.</param>
/// <param name="promptTokens">Tokens of the prompt.</param>
internal sealed class CompletionJson(string id, long created, string model, int promptTokens)
{
    public JsonObject Whole(string text, Generated whole)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = text, ["refusal"] = null };
        var json = Frame("chat.completion", [new JsonObject { ["index"] = 0, ["message"] = message, ["logprobs"] = null,
            ["finish_reason"] = Reason(whole) }]);
        json["usage"] = Tokens(whole);
        json["interlace"] = Times(whole);
        return json;
    }

    public JsonObject First(bool includeUsage) => Chunk(new() { ["role"] = "assistant", ["content"] = "" }, null, includeUsage);

    public JsonObject Piece(string text, bool includeUsage) => Chunk(new() { ["content"] = text }, null, includeUsage);

    /// <summary>The end of the text; with what the model's work took.</summary>
    public JsonObject Last(Generated whole, bool includeUsage)
    {
        var json = Chunk([], Reason(whole), includeUsage);
        json["interlace"] = Times(whole);
        return json;
    }

    public JsonObject Usage(Generated whole)
    {
        var json = Frame("chat.completion.chunk", []);
        json["usage"] = Tokens(whole);
        return json;
    }

    private JsonObject Chunk(JsonObject delta, string? reason, bool includeUsage)
    {
        var json = Frame("chat.completion.chunk",
            [new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = reason }]);
        if (includeUsage) json["usage"] = null;
        return json;
    }

    private JsonObject Frame(string kind, JsonArray choices) =>
        new() { ["id"] = id, ["object"] = kind, ["created"] = created, ["model"] = model, ["choices"] = choices };

    private JsonObject Tokens(Generated whole) => new()
    {
        ["prompt_tokens"] = promptTokens, ["completion_tokens"] = whole.Ids.Length, ["total_tokens"] = promptTokens + whole.Ids.Length,
    };

    /// <summary>The answer's shares of the passes that it took part in: what it cost, whatever else was going on.</summary>
    private static JsonObject Times(Generated whole) => new()
    {
        ["prefill_seconds"] = Math.Round(whole.Prefill.TotalSeconds, 6), ["decoding_seconds"] = Math.Round(whole.Decoding.TotalSeconds, 6),
    };

    private static string Reason(Generated whole) => whole.Reason == FinishReason.Stop ? "stop" : "length";
}
