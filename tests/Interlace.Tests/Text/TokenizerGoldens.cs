using System.Text.Json.Nodes;

namespace Interlace.Tests.Text;

/// <summary>The texts and lists of ids that belong to the tokenizers of the golden material.</summary>
internal static class TokenizerGoldens
{
    /// <summary>A text, its ids, and what they decode to; null where the material does not say.</summary>
    internal sealed record Case(string Name, string? Text, int[] Ids, int[]? WithSpecial = null, string? Decoded = null,
        string? Skipping = null);

    /// <summary>Folders (or a packed file) below fixtures that have a tokenizer of their own.</summary>
    public static IEnumerable<string> Tokenizers()
    {
        string root = Shared.At("fixtures");
        if (!Directory.Exists(root)) return [];
        return Directory.EnumerateFiles(root, "tokenizer.json*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/')).Order(StringComparer.Ordinal);
    }

    /// <summary>What belongs to a tokenizer.</summary>
    public static IEnumerable<Case> Cases(string file) => file.Split('/') switch
    {
        ["families", var family, "tokenizer-metaspace", _] => Texts(Golden(family), "tokenizer_cases_metaspace"),
        ["families", var family, _, _] =>
            [.. Prompts(Golden(family)), .. Texts(Golden(family), "tokenizer_cases"), .. Lists(Golden(family))],
        ["qwen3vl", .., var checkpoint, _] when File.Exists(Shared.At("fixtures", "qwen3vl", "chat", checkpoint + ".json")) =>
            Plain(Shared.Json("fixtures", "qwen3vl", "chat", checkpoint + ".json")["texts"]!, "decoded_skip_special"),
        ["tokenizer", _] => Plain(Shared.Json("fixtures", "tokenizer", "goldens.json")["cases"]!, "decoded_without_special"),
        _ => [],
    };

    private static JsonNode Golden(string family) => Shared.Json("fixtures", "families", family, "golden.json");

    private static IEnumerable<Case> Prompts(JsonNode golden) => golden["cases"]!.AsObject().Select(c =>
        new Case(c.Key, (string)(c.Value!["expanded_prompt"] ?? c.Value["rendered_prompt"])!, Ids(c.Value["input_ids"]!)));

    private static IEnumerable<Case> Plain(JsonNode cases, string skipping) => cases.AsArray().Select(c =>
        new Case((string)c!["text"]!, (string)c["text"]!, Ids(c["ids"]!), Decoded: (string)c["decoded"]!, Skipping: (string)c[skipping]!));

    private static IEnumerable<Case> Texts(JsonNode golden, string name) => (golden[name]?.AsArray() ?? []).SelectMany(c => (Case[])
    [
        new($"{name} {c!["text"]}", (string)c["text"]!, Ids(c["ids"]!), Ids(c["ids_with_special_tokens"]!),
            (string)c["decoded"]!, (string)c["decoded_skipping_special_tokens"]!),
        new($"{name} {c["text"]} with special tokens", null, Ids(c["ids_with_special_tokens"]!),
            Decoded: (string)c["decoded_with_special_tokens"]!),
    ]);

    private static IEnumerable<Case> Lists(JsonNode golden) => (golden["decode_cases"]?.AsArray() ?? [])
        .Select(c => new Case($"decode_cases {string.Join(' ', Ids(c!["ids"]!))}", null, Ids(c["ids"]!), Decoded: (string)c["decoded"]!));

    private static int[] Ids(JsonNode ids) => [.. ids.AsArray().Select(id => (int)id!)];
}
