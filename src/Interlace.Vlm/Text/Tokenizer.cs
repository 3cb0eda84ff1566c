using System.Text;
using System.Text.Json;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Text.Tokenizing;
using Interlace.Vlm.Text.Tokenizing.Decoding;

namespace Interlace.Vlm.Text;

/// <summary>
/// Byte-pair tokenizer of a Hugging Face tokenizer.json, put together from the components that the file names:
/// added tokens are cut out of the text, the text between them is normalised, cut into pieces and merged.
/// Safe for use by several threads.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>More ids than any model has; each id takes memory.</summary>
    private const int LargestVocabulary = 1 << 22;

    private const int LongestToken = 4096;   // characters

    /// <summary>Characters of all added tokens together; each takes memory, and no model has a tenth of it.</summary>
    private const int MostAdded = 1 << 20;

    private readonly AddedTokenFinder _raw, _normalized;
    private readonly Normalizer _normalizer;
    private readonly PreTokenizer _preTokenizer;
    private readonly BytePairs _model;
    private readonly PostProcessor _postProcessor;
    private readonly TokenDecoder _decoder;
    private readonly Dictionary<string, AddedToken> _added;
    private readonly string?[] _tokens;
    private readonly bool[] _special;

    private Tokenizer(JsonElement root, string source, int? rows)
    {
        _normalizer = new(Section("normalizer"), source);
        _preTokenizer = new(Section("pre_tokenizer"), source);
        _model = new(root.GetProperty("model"), _preTokenizer.IsByteLevel, source);
        _postProcessor = new(Section("post_processor"), source);
        _decoder = new(Section("decoder"), source);
        // Whether a word that begins with replaced characters still is at the very beginning, the reference decides by a rule of its own.
        if (_normalizer.JoinsCharacters && _preTokenizer.LooksForBeginning)
        {
            throw new InputException($"{source}: "
                + "a Replace of several characters beside a Metaspace that looks for the beginning is not supported.");
        }

        AddedToken[] added = Section("added_tokens") is { ValueKind: not JsonValueKind.Undefined } tokens
            ? [.. tokens.EnumerateArray().Select(entry => AddedToken.Read(entry, source))] : [];
        foreach ((string token, int id) in _model.Vocabulary) CheckToken(token, id, source, rows);
        foreach (AddedToken token in added) CheckAdded(token, source, rows);
        if (added.Sum(token => (long)token.Content.Length) is > MostAdded and long length)
        {
            throw new InputException($"{source}: its added tokens have {length} characters together; "
                + $"more than {MostAdded} are not supported.");
        }
        _raw = new(added.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalized = new(from token in added
                          where token.Normalized
                          select (_normalizer.Apply(AlignedText.Of(token.Content)).Text, token));

        Count = 1 + _model.Vocabulary.Values.Concat(added.Select(token => token.Id)).DefaultIfEmpty(-1).Max();
        _tokens = new string[Count];
        _special = new bool[Count];
        _added = new(StringComparer.Ordinal);
        foreach ((string token, int id) in _model.Vocabulary) _tokens[id] = token;
        foreach (AddedToken token in added)
        {
            _added[token.Content] = token;
            _tokens[token.Id] = token.Content;
            _special[token.Id] = token.Special;
        }
        foreach (int id in _postProcessor.Before.Concat(_postProcessor.After))
            if (Token(id, skipSpecial: false) is null)
                throw new FormatException($"the post_processor adds the id {id}, which no token has.");

        JsonElement Section(string name) => root.TryGetProperty(name, out JsonElement section) ? section : default;
    }

    /// <summary>One more than the largest id. A model may have more rows: their ids decode to nothing.</summary>
    public int Count { get; }

    /// <summary>
    /// A text of more UTF-8 bytes has more than so many tokens: none is longer than the longest, and normalisation only shortens so much.
    /// Without limit where one token can stand for any text.
    /// </summary>
    public long MostBytes(int tokens)
    {
        if (!_model.CoversAllText || _preTokenizer.Removes) return long.MaxValue;
        double bytes = _normalizer.Shrinks * tokens * _tokens.Max(Bytes);
        return bytes < long.MaxValue ? (long)bytes : long.MaxValue;

        int Bytes(string? token)
        {
            if (token is null) return 0;
            if (_preTokenizer.IsByteLevel && !_added.ContainsKey(token)) return ByteAlphabet.Decode(token).Length;
            return Encoding.UTF8.GetByteCount(token);
        }
    }

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
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw new InputException($"{source} is not a valid tokenizer.json: {error.Message}", error);
        }
    }

    /// <summary>
    /// The ids of a text, without special tokens of the tokenizer's own: a chat template writes them itself as a rule.
    /// Added tokens written in the text are recognised, special or not. An unpaired surrogate counts as U+FFFD.
    /// </summary>
    public int[] Encode(string text) => Encode(text, addSpecial: false);

    /// <summary>The ids of a text, on request between those that the file's post_processor puts around a text.</summary>
    public int[] Encode(string text, bool addSpecial)
    {
        List<int> ids = [];
        if (addSpecial) ids.AddRange(_postProcessor.Before);
        Encode(text, ids, origins: null);
        if (addSpecial) ids.AddRange(_postProcessor.After);
        return [.. ids];
    }

    /// <summary>
    /// The ids of a text and, for each of them, whether all characters that it stands for lie inside one of the spans.
    /// What normalisation inserts stands for the character after it.
    /// A span must begin and end where normalisation joins nothing: at a line break or at an added token.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="spans">Spans of it.</param>
    /// <param name="addSpecial">
    /// Whether what the file's post_processor puts before a text stands before it. (What it puts behind would end a text that goes on.)
    /// </param>
    public (int[] Ids, bool[] Inside) Encode(string text, IReadOnlyList<TextSpan> spans, bool addSpecial = false)
    {
        List<int> ids = addSpecial ? [.. _postProcessor.Before] : [];
        List<TextSpan> origins = [.. ids.Select(_ => new TextSpan(-1, -1))];   // in no span
        Encode(text, ids, origins);
        bool[] inside = new bool[ids.Count];
        foreach (TextSpan span in spans)
            for (int t = 0; t < inside.Length; t++) inside[t] |= span.Start <= origins[t].Start && origins[t].End <= span.End;
        return ([.. ids], inside);
    }

    /// <summary>The text of ids; bytes that are not UTF-8 give U+FFFD, ids that no token has give nothing.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        var text = new DecodedText();
        IDecodingStep steps = StartDecoding(text);
        foreach (int id in ids)
            if (Token(id, skipSpecial) is { } token) steps.Add(token, begins: true);
        steps.End();
        return text.Take();
    }

    /// <summary>
    /// The id of a token: an added one as it is written, another one as the vocabulary writes it. Null where there is none.
    /// </summary>
    public int? Id(string token)
    {
        if (_added.TryGetValue(token, out AddedToken? added)) return added.Id;
        return _model.Vocabulary.TryGetValue(token, out int id) ? id : null;
    }

    /// <summary>Whether an id is that of a special added token.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    /// <summary>Ids that stand before a text, and behind it, where the file's post_processor puts any.</summary>
    internal (IReadOnlyList<int> Before, IReadOnlyList<int> After) Around => (_postProcessor.Before, _postProcessor.After);

    /// <summary>
    /// Whether texts have the same ids where a piece that is a token as a whole is taken as it is, or where it is merged.
    /// </summary>
    /// <param name="ignored">Whether it is taken as it is.</param>
    internal bool SameWithMergesIgnored(bool ignored)
    {
        if (_model.IgnoresMerges == ignored) return true;
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        return _model.Vocabulary.Keys.Where(token => !_added.ContainsKey(token)).Select(Text).OfType<string>().All(_model.MergesMake);

        // Parts of characters are in no text alone.
        string? Text(string token)
        {
            try
            {
                return _preTokenizer.IsByteLevel ? strict.GetString(ByteAlphabet.Decode(token)) : token;
            }
            catch (DecoderFallbackException)
            {
                return null;
            }
        }
    }

    /// <summary>The steps that a decoding's tokens go through, in order, to become the text.</summary>
    internal IDecodingStep StartDecoding(DecodedText text) => _decoder.Start(text);

    /// <summary>A token as the file writes it; null where none has the id, or where it is special and to be skipped.</summary>
    internal string? Token(int id, bool skipSpecial)
    {
        if ((uint)id >= (uint)_tokens.Length || skipSpecial && _special[id]) return null;
        return _tokens[id];
    }

    private void Encode(string text, List<int> ids, List<TextSpan>? origins)
    {
        text = WithoutUnpairedSurrogates(text);
        foreach ((TextSpan span, AddedToken? token) in _raw.Cut(text))
        {
            if (token is null) EncodeNormalized(_normalizer.Apply(AlignedText.Of(text, span)), ids, origins);
            else
            {
                ids.Add(token.Id);
                origins?.Add(span);
            }
        }
    }

    private void EncodeNormalized(AlignedText text, List<int> ids, List<TextSpan>? origins)
    {
        foreach ((TextSpan span, AddedToken? token) in _normalized.Cut(text.Text))
        {
            if (token is null) EncodePieces(_preTokenizer.Split(text.Slice(span)), ids, origins);
            else
            {
                ids.Add(token.Id);
                origins?.Add(text.Origin(span.Start, span.End));
            }
        }
    }

    private void EncodePieces(Pieces pieces, List<int> ids, List<TextSpan>? origins)
    {
        string text = pieces.Text.Text;
        foreach (TextSpan piece in pieces.Spans)
        {
            foreach (Token token in _model.Encode(text.AsSpan(piece.Start, piece.End - piece.Start)))
            {
                ids.Add(token.Id);
                origins?.Add(pieces.Text.Origin(piece.Start + token.Start, piece.Start + token.End));
            }
        }
    }

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

    private void CheckAdded(AddedToken token, string source, int? rows)
    {
        CheckToken(token.Content, token.Id, source, rows);
        if (!_model.Vocabulary.TryGetValue(token.Content, out int id) || id == token.Id) return;
        throw new InputException($"{source}: the added token {Printable.Quote(token.Content)} has the id {token.Id}, "
            + $"but {id} in the vocabulary.");
    }

    /// <summary>Before anything of the size of an id is allocated, or a token beyond the embedding can reach the engine.</summary>
    private static void CheckToken(string token, int id, string source, int? rows)
    {
        if (token.Length > LongestToken)
            throw new InputException($"{source} has a token of {token.Length} characters; more than {LongestToken} are not supported.");
        int count = rows ?? LargestVocabulary;
        if (id >= 0 && id < count) return;
        string name = token.Length > 40 ? token[..40] + "..." : token;
        string rule = $"{source}: token '{name}' has the id {id}, but ids run from 0 to {count - 1}";
        if (rows is null) throw new InputException($"{rule}.");
        throw new InputException($"{rule}, the last row of the model's embedding (vocab_size {rows}): "
            + "enlarge the embedding (resize_token_embeddings) or take the token out.");
    }
}
