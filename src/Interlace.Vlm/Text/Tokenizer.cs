using System.Text;
using System.Text.Json;
using Interlace.Vlm.Checkpoints;
using Microsoft.ML.Tokenizers;

namespace Interlace.Vlm.Text;

/// <summary>
/// Byte-level byte-pair tokenizer of a Hugging Face tokenizer.json: added tokens are cut out of the text, the text between them is normalised, split into pieces and merged.
/// No token is added of itself: what a post_processor section would add is the chat template's business. Safe for use by several threads.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>More ids than any model has; each id takes memory.</summary>
    private const int LargestVocabulary = 1 << 22;

    private const int LongestToken = 4096;   // characters

    private readonly BpeTokenizer _merges;
    private readonly PreTokenizer _preTokenizer;
    private readonly AddedTokenFinder _raw, _normalized;
    private readonly Dictionary<string, int> _ids;
    private readonly byte[]?[] _bytes;
    private readonly bool[] _special;
    private readonly bool _composes, _ignoresMerges;

    private Tokenizer(JsonElement root, string source, int? rows)
    {
        JsonElement model = root.GetProperty("model");
        if (Type(model) is not (null or "BPE") || IsSet(model, "byte_fallback"))
            throw new InputException($"{source}: the tokenizer's model is not a byte-level BPE, the only kind that is supported.");
        _composes = ReadNormalizer(root, source);
        _preTokenizer = new PreTokenizer(root.GetProperty("pre_tokenizer"), source);
        _ignoresMerges = IsSet(model, "ignore_merges");

        Dictionary<string, int> vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(token => token.Name, token => token.Value.GetInt32(), StringComparer.Ordinal);
        foreach ((string token, int id) in vocabulary) CheckToken(token, id, source, rows);
        AddedToken[] added = root.TryGetProperty("added_tokens", out JsonElement tokens) ? [.. tokens.EnumerateArray().Select(entry => AddedToken.Read(entry, source))] : [];
        foreach (AddedToken token in added) CheckToken(token.Content, token.Id, source, rows);
        _merges = BpeTokenizer.Create(new BpeOptions(vocabulary) { ByteLevel = true, Merges = ReadMerges(model) });
        _raw = new AddedTokenFinder(added.Where(token => !token.Normalized));
        _normalized = new AddedTokenFinder(added.Where(token => token.Normalized));

        Count = 1 + Math.Max(vocabulary.Values.DefaultIfEmpty(-1).Max(), added.Select(token => token.Id).DefaultIfEmpty(-1).Max());
        _ids = vocabulary;
        _bytes = new byte[Count][];
        _special = new bool[Count];
        foreach ((string token, int id) in vocabulary) _bytes[id] = ByteAlphabet.Decode(token);
        foreach (AddedToken token in added)
        {
            _ids[token.Content] = token.Id;
            _bytes[token.Id] = ByteAlphabet.Decode(token.Content);
            _special[token.Id] = token.Special;
        }
    }

    /// <summary>One more than the largest id. A model may have more rows: their ids decode to nothing.</summary>
    public int Count { get; }

    /// <summary>
    /// A text of more UTF-8 bytes has more than so many tokens: none is longer than the longest,
    /// and normalisation makes of three bytes one at least.
    /// </summary>
    public long MostBytes(int tokens) => 3L * tokens * _bytes.Max(bytes => bytes?.Length ?? 0);

    /// <summary>Reads <c>tokenizer.json</c> of a folder, or the .json file at that path.</summary>
    /// <param name="path">The folder or the file.</param>
    /// <param name="rows">Rows of the model's embedding: every id must have one. Null where no model is at hand.</param>
    /// <exception cref="InputException">It is absent, not a tokenizer, of an unsupported kind,
    /// or has ids that the model has not.</exception>
    public static Tokenizer Load(string path, int? rows = null)
    {
        string file = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path)
            ? path : Path.Combine(path, "tokenizer.json");
        if (!File.Exists(file)) throw new InputException($"{file} does not exist: a model folder needs its tokenizer.json.");
        return Read(StrictJson.Bytes(file), file, rows);
    }

    /// <summary>Reads a tokenizer.json; <paramref name="source"/> names it in messages.</summary>
    /// <exception cref="InputException">As of <see cref="Load"/>.</exception>
    public static Tokenizer Read(byte[] json, string source, int? rows = null)
    {
        try
        {
            using JsonDocument document = StrictJson.Document(json);
            return new Tokenizer(document.RootElement, source, rows);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InputException($"{source} is not a valid tokenizer.json: {error.Message}", error);
        }
    }

    /// <summary>The ids of a text. Added tokens written in the text are recognised, special or not. An unpaired surrogate counts as U+FFFD.</summary>
    public int[] Encode(string text)
    {
        List<int> ids = [];
        foreach (Part part in Parts(text)) EncodePart(part, ids);
        return [.. ids];
    }

    /// <summary>
    /// The ids of a text and, for each of them, whether all its characters lie inside one of the spans. A span must begin and end where normalisation moves nothing:
    /// at a line break or at an added token.
    /// </summary>
    public (int[] Ids, bool[] Inside) Encode(string text, IReadOnlyList<TextSpan> spans)
    {
        List<int> ids = [];
        List<bool> inside = [];
        foreach (Part part in Parts(text))
        {
            TextSpan[] bytes = [.. spans.Where(span => span.Start < part.Span.End && span.End > part.Span.Start).Select(span => BytesOf(part, span))];
            EncodePart(part, ids);
            int at = 0;
            while (inside.Count < ids.Count)
            {
                int end = at + _bytes[ids[inside.Count]]!.Length;
                inside.Add(bytes.Any(span => span.Start <= at && end <= span.End));
                at = end;
            }
        }
        return ([.. ids], [.. inside]);
    }

    /// <summary>The text of ids; bytes that are not UTF-8 give U+FFFD, ids that no token has give nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        using var bytes = new MemoryStream(ids.Length * 4);
        foreach (int id in ids) bytes.Write(Bytes(id, skipSpecial));
        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>The id of a token: an added one as it is written, another one in the byte alphabet of the vocabulary. Null where there is none.</summary>
    public int? Id(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    /// <summary>Whether an id is that of a special added token.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    internal ReadOnlySpan<byte> Bytes(int id, bool skipSpecial) => (uint)id >= (uint)_bytes.Length || (skipSpecial && _special[id]) ? default : _bytes[id];

    /// <summary>A stretch of the text: an added token, or normalised text between them.</summary>
    private readonly record struct Part(TextSpan Span, string Original, string Text, AddedToken? Token);

    private IEnumerable<Part> Parts(string text)
    {
        text = WithoutUnpairedSurrogates(text);
        foreach ((TextSpan span, AddedToken? token) in _raw.Cut(text))
        {
            string original = text[span.Start..span.End];
            yield return new(span, original, token is null ? Normalize(original) : original, token);
        }
    }

    private void EncodePart(Part part, List<int> ids)
    {
        if (part.Token is not null)
        {
            ids.Add(part.Token.Id);
            return;
        }
        foreach ((TextSpan span, AddedToken? token) in _normalized.Cut(part.Text))
        {
            if (token is not null) ids.Add(token.Id);
            else EncodePlain(part.Text[span.Start..span.End], ids);
        }
    }

    private void EncodePlain(string text, List<int> ids)
    {
        foreach (TextSpan piece in _preTokenizer.Split(text))
        {
            ReadOnlySpan<char> chars = text.AsSpan(piece.Start, piece.End - piece.Start);
            if (_ignoresMerges && _ids.TryGetValue(ByteAlphabet.Encode(chars), out int whole)) ids.Add(whole);
            else ids.AddRange(_merges.EncodeToIds(chars, considerPreTokenization: false, considerNormalization: false));
        }
    }

    /// <summary>A span of the text as bytes of the part's normalised text.</summary>
    private TextSpan BytesOf(Part part, TextSpan span)
    {
        return new(Position(span.Start), Position(span.End));

        int Position(int at) => at <= part.Span.Start ? 0 : at >= part.Span.End ? Encoding.UTF8.GetByteCount(part.Text) : Encoding.UTF8.GetByteCount(Normalize(part.Original[..(at - part.Span.Start)]));
    }

    private string Normalize(string text) => _composes ? CanonicalComposition.Compose(text) : text;

    private static string WithoutUnpairedSurrogates(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return text;
        char[] chars = text.ToCharArray();
        for (int i = 0; i < chars.Length; i++)
        {
            if (i + 1 < chars.Length && char.IsSurrogatePair(chars[i], chars[i + 1])) i++;
            else if (char.IsSurrogate(chars[i])) chars[i] = '\uFFFD';
        }
        return new string(chars);
    }

    /// <summary>Before anything of the size of an id is allocated, or a token beyond the embedding can reach the engine.</summary>
    private static void CheckToken(string token, int id, string source, int? rows)
    {
        if (token.Length > LongestToken)
            throw new InputException($"{source} has a token of {token.Length} characters; more than {LongestToken} are not supported.");
        string name = token.Length > 40 ? token[..40] + "..." : token;
        if (id < 0 || id >= (rows ?? LargestVocabulary))
            throw new InputException($"{source}: token '{name}' has the id {id}, but ids run from 0 to {(rows ?? LargestVocabulary) - 1}{(rows is null ? "" : $", the last row of the model's embedding (vocab_size {rows}): enlarge the embedding (resize_token_embeddings) or take the token out")}.");
    }

    /// <summary>Whether the text is put into form C; other normalisers are refused.</summary>
    private static bool ReadNormalizer(JsonElement root, string source)
    {
        if (!root.TryGetProperty("normalizer", out JsonElement normalizer) || normalizer.ValueKind == JsonValueKind.Null) return false;
        JsonElement[] steps = Type(normalizer) == "Sequence" ? [.. normalizer.GetProperty("normalizers").EnumerateArray()] : [normalizer];
        if (steps.FirstOrDefault(step => Type(step) != "NFC") is { ValueKind: JsonValueKind.Object } other)
            throw new InputException($"{source}: the normaliser '{Type(other)}' is not supported, only NFC is.");
        return steps.Length > 0;
    }

    /// <summary>Merges as "a b"; the file has that, or pairs ["a", "b"].</summary>
    private static IEnumerable<string> ReadMerges(JsonElement model) =>
        model.GetProperty("merges").EnumerateArray().Select(merge => merge switch
    {
        { ValueKind: JsonValueKind.String } => merge.GetString()!,
        { ValueKind: JsonValueKind.Array } when merge.GetArrayLength() == 2 => $"{merge[0].GetString()} {merge[1].GetString()}",
        _ => throw new FormatException("a merge is no pair of tokens."),
    }).ToArray();

    private static string? Type(JsonElement section) => section.TryGetProperty("type", out JsonElement type) ? type.GetString() : null;

    private static bool IsSet(JsonElement section, string name) => section.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;
}
