using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families;

/// <summary>What a GGUF file's name of a pre-tokenizer stands for, in the words of a <c>tokenizer.json</c>.</summary>
/// <param name="Name">The file's <c>tokenizer.ggml.pre</c>.</param>
/// <param name="Class">The tokenizer's class in published folders.</param>
/// <param name="Steps">The steps before the bytes are merged.</param>
/// <param name="ByteLevelCuts">The last step, ByteLevel, cuts by GPT-2's pattern itself.</param>
/// <param name="Composes">Texts are brought to form C first.</param>
/// <param name="TakesWholeTokens">A piece that is a token itself is never merged.</param>
/// <param name="Begins">A text begins with the token for that, unless the file says otherwise.</param>
internal sealed record GgufPreTokenizer(string Name, string Class, Func<JsonObject[]> Steps, bool ByteLevelCuts, bool Composes = false,
    bool TakesWholeTokens = false, bool Begins = false)
{
    private const string Words = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>All that are known.</summary>
    public static IReadOnlyList<GgufPreTokenizer> All { get; } =
    [
        new("gpt-2", "GPT2Tokenizer", static () => [], ByteLevelCuts: true),
        new("smollm", "GPT2Tokenizer", static () => [new() { ["type"] = "Digits", ["individual_digits"] = true }], ByteLevelCuts: true),
        new("qwen2", "Qwen2Tokenizer", static () => [Split(Words + @"\p{N}" + Rest)], ByteLevelCuts: false, Composes: true),
        new("llama-bpe", "PreTrainedTokenizerFast", static () => [Split(Words + @"\p{N}{1,3}" + Rest)], ByteLevelCuts: false,
            TakesWholeTokens: true, Begins: true),
    ];

    /// <summary>The row of a name.</summary>
    /// <param name="name">The name; null where the file has none.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InputException">It is not known how texts are cut.</exception>
    public static GgufPreTokenizer Find(string? name, string path) => All.FirstOrDefault(known => known.Name == name)
        ?? throw new InputException($"{path} {(name is null or "default" ? "does not say" : $"says by {Text.Printable.Quote(name)}")} "
            + $"how texts are cut (tokenizer.ggml.pre), and {string.Join(", ", All.Select(known => known.Name))} are known here: "
            + "take the model's original folder, or a file of a newer converter.");

    /// <summary>The row of a tokenizer's steps; null where none has them.</summary>
    /// <param name="steps">The <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</param>
    public static GgufPreTokenizer? Of(JsonObject? steps)
    {
        JsonObject[] own = steps?["pretokenizers"] is JsonArray several ? [.. several.OfType<JsonObject>()] : steps is null ? [] : [steps];
        if (own is not [.. var before, var last] || !IsBytes(last)) return null;
        bool cuts = last["use_regex"] is not JsonValue value || !value.TryGetValue(out bool uses) || uses;   // true where it is left out
        return All.FirstOrDefault(known => known.ByteLevelCuts == cuts && known.Steps() is var expected
            && expected.Length == before.Length && expected.Zip(before).All(pair => JsonNode.DeepEquals(pair.First, pair.Second)));

        static bool IsBytes(JsonObject step) => Is(step["type"], "ByteLevel") && !Is(step["add_prefix_space"], true);
        static bool Is<T>(JsonNode? node, T expected) =>
            node is JsonValue value && value.TryGetValue(out T? found) && Equals(found, expected);
    }

    private static JsonObject Split(string pattern) => new()
    {
        ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false,
    };
}
