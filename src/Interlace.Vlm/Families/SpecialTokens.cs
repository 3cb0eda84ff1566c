using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>Special tokens that a chat template takes from <c>tokenizer_config.json</c>.</summary>
internal static class SpecialTokens
{
    /// <summary>The token that begins a text.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="standard">Where the folder does not say.</param>
    public static string Begin(string folder, string standard)
    {
        string path = Path.Combine(folder, "tokenizer_config.json");
        JsonNode? token = File.Exists(path) ? StrictJson.ReadObject(path)["bos_token"] : null;
        JsonNode? text = token is JsonObject entry ? entry["content"] : token;   // a text, or a token with its settings
        return text is JsonValue value && value.TryGetValue(out string? written) ? written : standard;
    }
}
