using System.Text.Json.Nodes;
using Interlace.Vlm.Checkpoints.Gguf;

namespace Interlace.Vlm.Families;

/// <summary>The tokenizer of a GGUF file as the files of a model folder.</summary>
internal sealed class GgufTokenizer
{
    private const int MostTokens = 1 << 22, MostMerges = 1 << 23, LongestToken = 1 << 14;
    private const int Control = 3, UserDefined = 4, Unused = 5;   // types of tokens
    private const string TurnStart = "<|im_start|>", TurnEnd = "<|im_end|>";

    private readonly GgufKeys _keys;
    private readonly string[] _tokens, _merges;
    private readonly int[] _types;
    private readonly GgufPreTokenizer _pre;

    /// <summary>Reads the keys.</summary>
    /// <exception cref="InputException">The tokenizer is of another kind, or a key is absent or contradicts another.</exception>
    public GgufTokenizer(GgufKeys keys)
    {
        _keys = keys;
        string kind = keys.Required("tokenizer.ggml.model", keys.Text("tokenizer.ggml.model"));
        if (kind != "gpt2")
        {
            throw new InputException($"{keys.Path} has a tokenizer of kind {Text.Printable.Quote(kind)}, and only byte-level pair merges "
                + "(gpt2) can be rebuilt: take the model's original folder.");
        }
        _pre = GgufPreTokenizer.Find(keys.Text("tokenizer.ggml.pre"), keys.Path);
        _tokens = keys.Required("tokenizer.ggml.tokens", keys.Texts("tokenizer.ggml.tokens", MostTokens, LongestToken));
        _types = keys.Required("tokenizer.ggml.token_type", keys.Integers("tokenizer.ggml.token_type", MostTokens));
        _merges = keys.Required("tokenizer.ggml.merges", keys.Texts("tokenizer.ggml.merges", MostMerges, 2 * LongestToken));
        if (_types.Length != _tokens.Length)
        {
            throw new InputException($"{keys.Path} has {_tokens.Length} tokens and {_types.Length} types of tokens. "
                + "Download or convert it again.");
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < _tokens.Length; id++)
            if (!seen.Add(_tokens[id]))
            {
                throw new InputException($"{keys.Path} has the token {Text.Printable.Quote(_tokens[id])} twice. "
                    + "Download or convert it again.");
            }
    }

    /// <summary>Number of tokens, unused ones among them.</summary>
    public int Count => _tokens.Length;

    /// <summary>The id of a token that a key names, or null where it names none.</summary>
    /// <param name="keys">The file's keys.</param>
    /// <param name="which">What the key begins with behind <c>tokenizer.ggml.</c>.</param>
    /// <param name="count">Tokens there are.</param>
    /// <exception cref="InputException">There is no such token.</exception>
    public static int? TokenId(GgufKeys keys, string which, int count)
    {
        string key = $"tokenizer.ggml.{which}_token_id";
        return keys.Number(key) switch
        {
            null => null,
            >= 0 and var id when id < count => (int)id,
            var id => throw new InputException($"{keys.Path}: {key} is {id}, and there are {count} tokens. Download or convert it again."),
        };
    }

    /// <summary><c>tokenizer.json</c>.</summary>
    public JsonObject ToJson()
    {
        var vocabulary = new JsonObject();
        for (int id = 0; id < _tokens.Length; id++)
            if (_types[id] != Unused) vocabulary.Add(_tokens[id], id);
        return new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. Added().Select(id =>
            {
                var token = new JsonObject { ["id"] = id };
                foreach (var (name, value) in Entry(id, withSpecial: true)) token[name] = value?.DeepClone();
                return token;
            })]),
            ["normalizer"] = _pre.Composes ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = PreTokenizer(),
            ["post_processor"] = PostProcessor(),
            ["decoder"] = ByteLevel(prefix: true, cuts: true),
            ["model"] = Model(vocabulary),
        };
    }

    /// <summary><c>tokenizer_config.json</c>.</summary>
    /// <param name="longest">Positions of the model.</param>
    public JsonObject ToConfig(int longest)
    {
        var config = new JsonObject
        {
            ["add_prefix_space"] = false,
            ["added_tokens_decoder"] = new JsonObject(Added().Select(id =>
                KeyValuePair.Create(id.ToString(), (JsonNode?)Entry(id, withSpecial: true)))),
        };
        if (Turns() is { } turns) config["additional_special_tokens"] = turns;
        foreach (var (name, id) in Named().Where(token => token.Name == "bos_token")) config[name] = _tokens[id];
        if (_keys.Text("tokenizer.chat_template") is { } template) config["chat_template"] = template;
        config["clean_up_tokenization_spaces"] = false;
        foreach (var (name, id) in Named().Where(token => token.Name != "bos_token")) config[name] = _tokens[id];
        config["model_max_length"] = longest;
        config["tokenizer_class"] = _pre.Class;
        config["vocab_size"] = _tokens.Length;
        return config;
    }

    /// <summary><c>special_tokens_map.json</c>.</summary>
    public JsonObject ToMap()
    {
        var map = new JsonObject();
        if (Turns() is { } turns) map["additional_special_tokens"] = turns;
        foreach (var (name, id) in Named()) map[name] = Entry(id, withSpecial: false);
        return map;
    }

    private IEnumerable<int> Added() =>
        Enumerable.Range(0, _tokens.Length).Where(id => _types[id] is Control or UserDefined);

    /// <summary>The tokens that have a role, by the names of their roles.</summary>
    private IEnumerable<(string Name, int Id)> Named()
    {
        foreach (var (name, key) in ((string, string)[])
            [("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding"), ("unk_token", "unknown")])
            if (TokenId(_keys, key, _tokens.Length) is { } id) yield return (name, id);
    }

    /// <summary>The marks of turns, where the vocabulary has them as special tokens.</summary>
    private JsonArray? Turns() => IsSpecial(TurnStart) && IsSpecial(TurnEnd) ? new(TurnStart, TurnEnd) : null;

    private bool IsSpecial(string token) => Array.IndexOf(_tokens, token) is >= 0 and var id && _types[id] == Control;

    private JsonObject Entry(int id, bool withSpecial)
    {
        var entry = new JsonObject
        {
            ["content"] = _tokens[id], ["lstrip"] = false, ["normalized"] = false, ["rstrip"] = false, ["single_word"] = false,
        };
        if (withSpecial) entry["special"] = _types[id] == Control;
        return entry;
    }

    private JsonObject PreTokenizer()
    {
        JsonObject[] steps = _pre.Steps();
        var bytes = ByteLevel(prefix: false, cuts: _pre.ByteLevelCuts);
        return steps.Length == 0 ? bytes : new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray([.. steps, bytes]) };
    }

    /// <summary>Puts the token that begins a text before it, and the one that ends it behind it, where the model was trained so.</summary>
    private JsonObject? PostProcessor()
    {
        int? begin = Around("bos", _pre.Begins), end = Around("eos", absent: false);
        if (begin is null && end is null) return null;
        JsonArray Text(string name, int part)
        {
            var pieces = new JsonArray();
            if (begin is { } first) pieces.Add(Piece("SpecialToken", _tokens[first], part));
            pieces.Add(Piece("Sequence", name, part));
            if (end is { } last) pieces.Add(Piece("SpecialToken", _tokens[last], part));
            return pieces;
        }
        var special = new JsonObject();
        foreach (int id in new[] { begin, end }.OfType<int>().Distinct())
            special[_tokens[id]] = new JsonObject
            {
                ["id"] = _tokens[id], ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(_tokens[id]),
            };
        return new()
        {
            ["type"] = "TemplateProcessing",
            ["single"] = Text("A", 0),
            ["pair"] = new JsonArray([.. Text("A", 0).Concat(Text("B", 1)).Select(piece => piece!.DeepClone())]),
            ["special_tokens"] = special,
        };
    }

    /// <summary>The id of a token that stands at an end of every text; null where none does.</summary>
    private int? Around(string which, bool absent)
    {
        if (!(_keys.Flag($"tokenizer.ggml.add_{which}_token") ?? absent)) return null;
        return _keys.Required($"tokenizer.ggml.{which}_token_id", TokenId(_keys, which, _tokens.Length));
    }

    private static JsonObject Piece(string kind, string id, int part) =>
        new() { [kind] = new JsonObject { ["id"] = id, ["type_id"] = part } };

    private JsonObject Model(JsonObject vocabulary)
    {
        var model = new JsonObject
        {
            ["type"] = "BPE", ["dropout"] = null, ["unk_token"] = null, ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null, ["fuse_unk"] = false, ["byte_fallback"] = false,
        };
        if (_pre.TakesWholeTokens) model["ignore_merges"] = true;
        model["vocab"] = vocabulary;
        model["merges"] = new JsonArray([.. _merges.Select(merge => JsonValue.Create(merge))]);
        return model;
    }

    private static JsonObject ByteLevel(bool prefix, bool cuts) => new()
    {
        ["type"] = "ByteLevel", ["add_prefix_space"] = prefix, ["trim_offsets"] = true, ["use_regex"] = cuts,
    };
}
