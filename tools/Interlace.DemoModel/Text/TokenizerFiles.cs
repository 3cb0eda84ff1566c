using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Text;
using Interlace.Vlm.Text.Tokenizing;

namespace Interlace.DemoModel.Text;

/// <summary>Trains the tokenizer and writes its four files as the published models have them.</summary>
public static class TokenizerFiles
{
    /// <summary>Qwen3-VL's added tokens in the order of their ids, and which of them are special.</summary>
    public static IReadOnlyList<(string Token, bool Special)> Added { get; } =
    [
        .. new[]
        {
            "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>",
            "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
        }.Select(token => (token, true)),
        .. new[]
        {
            "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
        }.Select(token => (token, false)),
    ];

    private const string Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Short = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Trains on conversations about training scenes and writes tokenizer.json, vocab.json, merges.txt and tokenizer_config.json.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="sources">What scenes are drawn from.</param>
    /// <param name="seed">Of the scenes.</param>
    /// <param name="size">Tokens without the added ones, at most.</param>
    /// <param name="scenes">Scenes whose texts it is trained on.</param>
    /// <param name="maxLength">Longest text the model is made for.</param>
    /// <returns>The id of the first added token.</returns>
    public static int Write(string folder, SceneSources sources, long seed, int size, int scenes, int maxLength)
    {
        JsonNode preTokenizer = PreTokenizer();
        var (tokens, merges) = BpeTrainer.Train(Pieces(preTokenizer, sources, seed, scenes), size);
        var vocabulary = new JsonObject([.. tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))]);
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0", ["truncation"] = null, ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. Added.Select((token, i) => AddedToken(token, tokens.Count + i))]),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["dropout"] = null, ["unk_token"] = null, ["continuing_subword_prefix"] = "", ["end_of_word_suffix"] = "", ["fuse_unk"] = false, ["byte_fallback"] = false, ["ignore_merges"] = false,
                ["vocab"] = vocabulary.DeepClone(),
                ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right))]),
            },
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString(Readable) + "\n");
        File.WriteAllText(Path.Combine(folder, "vocab.json"), vocabulary.ToJsonString(Short));
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Concat(merges.Select(merge => $"{merge.Left} {merge.Right}\n")));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), Config(tokens.Count, maxLength).ToJsonString(Readable) + "\n");
        return tokens.Count;
    }

    private static Dictionary<string, int> Pieces(JsonNode preTokenizer, SceneSources sources, long seed, int scenes)
    {
        using var section = JsonDocument.Parse(preTokenizer.ToJsonString());
        var splitter = new PreTokenizer(section.RootElement, "the tokenizer");
        var texts = Enumerable.Range(0, scenes).AsParallel().AsOrdered().Select(i =>
        {
            var chance = Chance.Of("tokenizer", seed, i);
            Scene scene = SceneFamilies.Draw(chance, sources);
            return Turns.InAllForms(scene, chance).SelectMany(turn => new[] { turn.User, turn.Assistant }).ToArray();
        });
        var pieces = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string text in texts.SelectMany(t => t))
            foreach (string piece in splitter.Split(AlignedText.Of(text)).Spans.Select(span => text[span.Start..span.End]))
                if (!IsSpelt(piece)) pieces[piece] = pieces.GetValueOrDefault(piece) + 1;
        return pieces;
    }

    /// <summary>Words on signs stay letters, so that the model reads words it has never seen as it reads all others.</summary>
    private static bool IsSpelt(string piece) => piece.Trim() is { Length: > 1 } word && word.All(char.IsAsciiLetterUpper);

    private static JsonObject PreTokenizer() => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = Pattern }, ["behavior"] = "Isolated", ["invert"] = false }, ByteLevel()),
    };

    private static JsonObject ByteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false };

    private static JsonObject AddedToken((string Token, bool Special) token, int? id = null)
    {
        var entry = new JsonObject { ["content"] = token.Token, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = token.Special };
        if (id is not null) entry.Insert(0, "id", id.Value);
        return entry;
    }

    private static JsonObject Config(int first, int maxLength) => new()
    {
        ["add_bos_token"] = false, ["add_prefix_space"] = false,
        ["added_tokens_decoder"] = new JsonObject([.. Added.Select((token, i) => KeyValuePair.Create($"{first + i}", (JsonNode?)AddedToken(token)))]),
        ["additional_special_tokens"] = new JsonArray([.. Added.Skip(1).Where(token => token.Special).Select(token => (JsonNode)token.Token)]),
        ["bos_token"] = null,
        ["chat_template"] = ModelFolder.ChatTemplate()["chat_template"]!.DeepClone(),
        ["clean_up_tokenization_spaces"] = false, ["eos_token"] = "<|im_end|>", ["errors"] = "replace", ["model_max_length"] = maxLength, ["pad_token"] = "<|endoftext|>",
        ["split_special_tokens"] = false, ["tokenizer_class"] = "Qwen2Tokenizer", ["unk_token"] = null,
    };
}
