using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Generation;
using Interlace.Vlm.Text;

namespace Interlace.Server;

/// <summary>
/// Reads the body of <c>/v1/chat/completions</c>. What is left out has the values of <c>interlace generate</c>: the likeliest token. What
/// cannot be done is refused by name; what changes nothing (<c>user</c>, <c>metadata</c>, ...) is passed over.
/// </summary>
internal static class ChatRequestReader
{
    /// <summary>Images of one conversation.</summary>
    public const int MostImages = 64;

    private const int MostStops = 16, MostMessages = 1024, LongestStop = 512;

    /// <exception cref="RequestException">The body is no such request.</exception>
    public static ChatRequest Read(ReadOnlySpan<byte> body)
    {
        JsonNode? json;
        try
        {
            json = StrictJson.Parse(body);
        }
        catch (JsonException e)
        {
            throw new RequestException(400, $"The body is no valid JSON: {e.Message.TrimEnd('.')}.", code: "invalid_json");
        }
        var fields = json is JsonObject whole ? new Fields(whole)
            : throw new RequestException(400, "The body is no JSON object.", code: "invalid_json");
        RefuseWhatCannotBeDone(fields);
        var images = new List<string>();
        var messages = Messages(fields, images);
        var (options, namesLength, namesSeed) = Options(fields);
        string[] stops = Stops(fields);
        bool stream = fields.Flag("stream"), usage = Usage(fields);
        string model = fields.RequiredText("model");
        fields.CheckNothingIsLeft();
        return new(model, messages, images, options, namesLength, namesSeed, stops, stream, usage);
    }

    private static void RefuseWhatCannotBeDone(Fields fields)
    {
        fields.Ignore("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "parallel_tool_calls");
        foreach (string tools in new[] { "tools", "functions" }) fields.Unsupported(tools, Fields.IsEmpty, "Calls of tools");
        foreach (string choice in new[] { "tool_choice", "function_call" })
            fields.Unsupported(choice, node => Fields.Is(node, "none") || Fields.Is(node, "auto"), "Calls of tools");
        fields.Unsupported("logprobs", node => Fields.Is(node, false), "Probabilities of tokens");
        fields.Unsupported("top_logprobs", Fields.IsZero, "Probabilities of tokens");
        fields.Unsupported("logit_bias", Fields.IsEmpty, "A bias of tokens");
        fields.Unsupported("frequency_penalty", Fields.IsZero, "A penalty by frequency");
        fields.Unsupported("response_format", node => node is JsonObject format && format.Count == 1 && format["type"] is { } type
            && Fields.Is(type, "text"), "Answers of a given form");
        fields.Unsupported("modalities", node => node is JsonArray { Count: 1 } kinds && kinds[0] is { } kind && Fields.Is(kind, "text"),
            "Answers that are not text");
        fields.Unsupported("n", node => node is JsonValue value && value.TryGetValue(out long count) && count == 1, "Several answers");
    }

    private static (GenerationOptions Options, bool NamesLength, bool NamesSeed) Options(Fields fields)
    {
        long? newer = fields.Whole("max_completion_tokens", 1, int.MaxValue), older = fields.Whole("max_tokens", 1, int.MaxValue);
        if (newer is not null && older is not null && newer != older)
            throw Fields.Wrong("max_tokens", "max_completion_tokens says something else; give one of the two");
        double temperature = fields.Number("temperature", 0, 100) ?? 0, topP = fields.Number("top_p", 0, 1) ?? 1;
        if (topP == 0) throw Fields.Wrong("top_p", "a number above 0 and at most 1 is expected");
        double presence = fields.Number("presence_penalty", -10, 10) ?? 0, repetition = fields.Number("repetition_penalty", 0.01, 100) ?? 1;
        int topK = (int)(fields.Whole("top_k", 0, int.MaxValue) ?? 0);
        long? seed = fields.Whole("seed", long.MinValue, long.MaxValue), length = newer ?? older;
        return (new((int)(length ?? int.MaxValue), temperature, topK, topP, presence, repetition, unchecked((ulong)(seed ?? 0))),
            length is not null, seed is not null);
    }

    private static string[] Stops(Fields fields)
    {
        string[] stops = fields.Any("stop") switch
        {
            null => [],
            JsonArray many when many.Count <= MostStops => [.. many.Select((text, i) => Text(text, $"stop[{i}]"))],
            JsonArray => throw Fields.Wrong("stop", $"at most {MostStops} texts are expected"),
            var one => [Text(one, "stop")],
        };
        return stops.All(stop => stop.Length is > 0 and <= LongestStop) ? stops
            : throw Fields.Wrong("stop", $"texts of 1 to {LongestStop} characters are expected");
    }

    private static bool Usage(Fields fields)
    {
        if (fields.Any("stream_options") is not { } node) return false;
        var options = Fields.Of(node, "stream_options");
        bool usage = options.Flag("include_usage");
        options.Ignore("include_obfuscation");
        options.CheckNothingIsLeft();
        return usage;
    }

    private static ChatMessage[] Messages(Fields fields, List<string> images)
    {
        if (fields.Any("messages") is not JsonArray { Count: > 0 and <= MostMessages } messages)
            throw Fields.Wrong("messages", $"an array of 1 to {MostMessages} messages is expected");
        return [.. messages.Select((message, i) => Message(Fields.Of(message, $"messages[{i}]"), images))];
    }

    private static ChatMessage Message(Fields message, List<string> images)
    {
        string role = message.RequiredText("role") switch
        {
            "user" => "user",
            "assistant" => "assistant",
            "system" or "developer" => "system",
            "tool" or "function" => throw new RequestException(400, "Calls of tools cannot be had here, nor what tools answer.",
                message.PathOf("role"), "unsupported_value"),
            _ => throw Fields.Wrong(message.PathOf("role"), "system, user or assistant is expected"),
        };
        message.Ignore("name", "refusal", "annotations");
        message.Unsupported("tool_calls", Fields.IsEmpty, "Calls of tools");
        message.Unsupported("function_call", _ => false, "Calls of tools");
        message.Unsupported("audio", _ => false, "Sounds");
        string path = message.PathOf("content");
        ContentPart[] content = message.Any("content") switch
        {
            JsonArray parts => [.. parts.Select((part, i) => Part(Fields.Of(part, $"{path}[{i}]"), role, images))],
            var text => [new TextPart(Text(text, path))],
        };
        message.CheckNothingIsLeft();
        return new(role, content);
    }

    private static ContentPart Part(Fields part, string role, List<string> images)
    {
        string type = part.RequiredText("type");
        ContentPart read = type switch
        {
            "text" => new TextPart(part.RequiredText("text")),
            "image_url" when role == "user" => Image(part, images),
            "image_url" => throw Fields.Wrong(part.PathOf("type"), "images belong into messages of the user"),
            _ => throw new RequestException(400, $"Content of type '{type[..Math.Min(60, type.Length)]}' cannot be had here: "
                + "text and image_url can.", part.PathOf("type"), "unsupported_value"),
        };
        part.CheckNothingIsLeft();
        return read;
    }

    private static ImagePart Image(Fields part, List<string> images)
    {
        if (images.Count == MostImages) throw Fields.Wrong(part.PathOf("image_url"), $"a conversation has at most {MostImages} images");
        var image = Fields.Of(part.Any("image_url"), part.PathOf("image_url"));
        images.Add(image.RequiredText("url"));
        image.Ignore("detail");                      // how large an image is seen is the model's
        image.CheckNothingIsLeft();
        return new ImagePart();
    }

    private static string Text(JsonNode? node, string path) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : throw Fields.Wrong(path, "a text is expected");
}
