using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Checkpoints.Gguf;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Families;

/// <summary>A folder's tokenizer as the keys of a GGUF file: the way back of <see cref="GgufTokenizer"/>.</summary>
internal static class GgufVocabulary
{
    private const int Normal = 1, Control = 3, UserDefined = 4, Unused = 5;   // types of tokens
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>The keys.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="rows">Rows of the embedding: each has a token in the file.</param>
    /// <exception cref="InputException">The tokenizer is damaged, or does what such a file cannot say.</exception>
    public static IEnumerable<GgufEntry> Keys(ModelConfig config, int rows)
    {
        string path = Path.Combine(config.Folder, "tokenizer.json");
        var tokenizer = Tokenizer.Load(config.Folder, rows);
        JsonObject json = StrictJson.ReadObject(path);
        var pre = GgufPreTokenizer.Of(json["pre_tokenizer"] as JsonObject) ?? throw new InputException(
            $"{path} cuts texts by other rules than those that a GGUF file can name here "
            + $"({string.Join(", ", GgufPreTokenizer.All.Select(known => known.Name))}), so the model is not exported.");
        CheckNormalizer(json["normalizer"], path);
        if (!tokenizer.SameWithMergesIgnored(pre.TakesWholeTokens))
        {
            throw new InputException($"{path}: ignore_merges is not what the pre-tokenizer {pre.Name} of GGUF files implies, "
                + "and texts would get other tokens, so the model is not exported.");
        }
        var (tokens, types) = Tokens(json, rows);
        yield return new(Prefix + "model", "gpt2");
        yield return new(Prefix + "pre", pre.Name);
        yield return new(Prefix + "tokens", tokens);
        yield return new(Prefix + "token_type", types);
        yield return new(Prefix + "merges", Merges(json));
        foreach (var entry in Special(config, tokenizer, path)) yield return entry;
        if (TemplateFile.Read(config.Folder) is var (_, template)) yield return new("tokenizer.chat_template", template);
    }

    /// <summary>Form C is left to whoever asks the model: no key says it. Whatever else changes texts is refused.</summary>
    private static void CheckNormalizer(JsonNode? normalizer, string path)
    {
        JsonNode?[] steps = normalizer is JsonObject { } one && one["normalizers"] is JsonArray several ? [.. several] : [normalizer];
        if (steps.FirstOrDefault(step => step is not null && Text(step["type"]) != "NFC") is not { } other) return;
        throw new InputException($"{path} has a normalizer {Text(other["type"])}, which a GGUF file cannot say: "
            + "the model is not exported.");
    }

    private static (string[] Tokens, int[] Types) Tokens(JsonObject json, int rows)
    {
        string[] tokens = new string[rows];
        int[] types = [.. Enumerable.Repeat(Unused, rows)];
        foreach (var (token, id) in json["model"]!["vocab"]!.AsObject()) (tokens[(int)id!], types[(int)id!]) = (token, Normal);
        foreach (var added in (json["added_tokens"] as JsonArray ?? []).OfType<JsonObject>())
        {
            string token = (string)added["content"]!;
            bool isMark = token.StartsWith("<|", StringComparison.Ordinal) && token.EndsWith("|>", StringComparison.Ordinal);
            (tokens[(int)added["id"]!], types[(int)added["id"]!]) = (token, (bool)added["special"]! || isMark ? Control : UserDefined);
        }
        var taken = tokens.Where((_, id) => types[id] != Unused).ToHashSet(StringComparer.Ordinal);
        for (int id = 0; id < rows; id++)
        {
            if (types[id] != Unused) continue;
            string free = $"[PAD{id}]";   // every row has a token of its own, by the names that converters give
            while (!taken.Add(free)) free += "_";
            tokens[id] = free;
        }
        return (tokens, types);
    }

    /// <summary>Pairs as texts, the two parts with a blank between them: the byte alphabet has none.</summary>
    private static string[] Merges(JsonObject json) =>
        [.. json["model"]!["merges"]!.AsArray().Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!)];

    /// <summary>Tokens with a role, and whether they stand around every text.</summary>
    private static IEnumerable<GgufEntry> Special(ModelConfig config, Tokenizer tokenizer, string path)
    {
        var (before, after) = tokenizer.Around;
        if (before.Count > 1 || after.Count > 1)
            throw new InputException($"{path} puts several tokens around a text, which a GGUF file cannot say: the model is not exported.");
        int? begin = before.Count > 0 ? before[0] : Role(config, tokenizer, "bos_token");
        int? end = after.Count > 0 ? after[0] : Role(config, tokenizer, "eos_token");
        if (begin is { } first) yield return new(Prefix + "bos_token_id", (uint)first);
        if (end is { } last) yield return new(Prefix + "eos_token_id", (uint)last);
        if (Role(config, tokenizer, "pad_token") is { } padding) yield return new(Prefix + "padding_token_id", (uint)padding);
        yield return new(Prefix + "add_bos_token", before.Count > 0);
        yield return new(Prefix + "add_eos_token", after.Count > 0);
    }

    /// <summary>The token of a role: by the tokenizer's own settings, else by those of answers, else by the config.</summary>
    private static int? Role(ModelConfig config, Tokenizer tokenizer, string role)
    {
        JsonNode? named = Read("tokenizer_config.json")?[role];
        if (Text(named is JsonObject entry ? entry["content"] : named) is { } token && tokenizer.Id(token) is { } known) return known;
        foreach (var json in (ReadOnlySpan<JsonObject?>)[Read("generation_config.json"), config.Root.Json, config.Text.Json])
            if (json?[role + "_id"] is { } id && (id is JsonArray { Count: > 0 } several ? several[0] : id) is JsonValue value
                && value.TryGetValue(out int number) && number >= 0 && number < tokenizer.Count) return number;
        return null;

        JsonObject? Read(string name) =>
            Path.Combine(config.Folder, name) is var path && File.Exists(path) ? StrictJson.ReadObject(path) : null;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
