using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// The model section of a tokenizer.json, of type BPE: a piece of text begins as one symbol a byte or a character,
/// and the pair of neighbours that stands first in the list of merges is joined again and again (Sennrich et al. 2016).
/// Safe for use by several threads.
/// </summary>
internal sealed class BytePairs
{
    private const int MostKept = 1 << 15, LongestKept = 32;   // pieces that are remembered, and characters of one: some megabytes
    private const int None = -1;

    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly MergeTable _merges;
    private readonly int[] _bytes = new int[256];   // the token of each byte, or None
    private readonly bool _byteLevel, _byteFallback, _ignoresMerges, _fusesUnknown;
    private readonly int _unknown = None;

    private readonly ConcurrentDictionary<string, Token[]> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Token[]>.AlternateLookup<ReadOnlySpan<char>> _knownLookup;
    private int _kept;

    /// <summary>Reads the section.</summary>
    /// <param name="section">The model section.</param>
    /// <param name="byteLevel">Whether the vocabulary is written in the byte alphabet.</param>
    /// <param name="source">The file, in messages.</param>
    /// <exception cref="InputException">Another type of model, or a setting that is not reproduced.</exception>
    public BytePairs(JsonElement section, bool byteLevel, string source)
    {
        var model = new Component(section, "model", source);
        if (model.Type is not ("" or "BPE")) throw model.Refused();
        model.Allow("vocab", "merges", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges",
            "dropout", "continuing_subword_prefix", "end_of_word_suffix");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.Text(affix) is { Length: > 0 }) throw model.Refused(affix);
        if (section.TryGetProperty("dropout", out JsonElement dropout) && dropout.ValueKind != JsonValueKind.Null)
            throw model.Refused("dropout");

        _byteLevel = byteLevel;
        _byteFallback = model.Flag("byte_fallback");
        _ignoresMerges = model.Flag("ignore_merges");
        _fusesUnknown = model.Flag("fuse_unk");
        _vocabulary = section.GetProperty("vocab").EnumerateObject()
            .ToDictionary(token => token.Name, token => token.Value.GetInt32(), StringComparer.Ordinal);
        _lookup = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _knownLookup = _known.GetAlternateLookup<ReadOnlySpan<char>>();
        for (int b = 0; b < 256; b++) _bytes[b] = _vocabulary.GetValueOrDefault(NameOf((byte)b), None);
        _merges = new(section.GetProperty("merges"), _vocabulary);

        if (_byteLevel && _byteFallback && _bytes.Contains(None)) throw model.Refused("byte_fallback beside ByteLevel");
        CoversAllText = (_byteLevel || _byteFallback) && !_bytes.Contains(None);
        if (model.Text("unk_token") is not { } unknown || CoversAllText) return;
        if (!_vocabulary.TryGetValue(unknown, out _unknown))
            throw new FormatException($"the unk_token {Printable.Quote(unknown)} is not in the vocabulary.");
    }

    /// <summary>The tokens and their ids.</summary>
    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    /// <summary>Whether every character has tokens. Otherwise one may become the unknown token or, where there is none, nothing.</summary>
    public bool CoversAllText { get; }

    /// <summary>The tokens of a piece.</summary>
    public Token[] Encode(ReadOnlySpan<char> piece)
    {
        if (piece.Length > LongestKept) return Merge(piece);
        if (_knownLookup.TryGetValue(piece, out Token[]? known)) return known;
        Token[] tokens = Merge(piece);
        // Two threads may count one piece each: the limit is on memory, not a number.
        if (_kept < MostKept && _knownLookup.TryAdd(piece, tokens)) _kept++;
        return tokens;
    }

    /// <summary>Whether a piece that is a token as a whole is taken as it is, and never merged.</summary>
    public bool IgnoresMerges => _ignoresMerges;

    /// <summary>Whether the merges make a token of its own text: then <see cref="IgnoresMerges"/> changes nothing for it.</summary>
    public bool MergesMake(string text) => Whole(text) is not { } id || Joined(text) is [var token] && token.Id == id;

    private Token[] Merge(ReadOnlySpan<char> piece) =>
        _ignoresMerges && Whole(piece) is { } whole ? [new(whole, 0, piece.Length)] : Joined(piece);

    private Token[] Joined(ReadOnlySpan<char> piece)
    {
        using var symbols = new Symbols(3 * piece.Length);   // a UTF-16 unit has three bytes at most
        if (_byteLevel) AddBytes(piece, symbols);
        else AddCharacters(piece, symbols);
        symbols.AddPending();
        return symbols.Merge(_merges);
    }

    private string NameOf(byte value) => _byteLevel ? $"{ByteAlphabet.Character(value)}" : $"<0x{value:X2}>";

    private int? Whole(ReadOnlySpan<char> piece) =>
        _lookup.TryGetValue(_byteLevel ? ByteAlphabet.Encode(piece) : piece, out int id) ? id : null;

    private void AddBytes(ReadOnlySpan<char> piece, Symbols symbols)
    {
        Span<byte> utf8 = stackalloc byte[4];
        for (int at = 0, end; at < piece.Length; at = end)
        {
            Rune.DecodeFromUtf16(piece[at..], out Rune rune, out int length);
            end = at + length;
            foreach (byte b in utf8[..rune.EncodeToUtf8(utf8)])
            {
                if (_bytes[b] != None) symbols.Add(new(_bytes[b], at, end));
                else if (_unknown != None) symbols.AddUnknown(new(_unknown, at, end), _fusesUnknown);
            }
        }
    }

    private void AddCharacters(ReadOnlySpan<char> piece, Symbols symbols)
    {
        Span<byte> utf8 = stackalloc byte[4];
        for (int at = 0, end; at < piece.Length; at = end)
        {
            Rune.DecodeFromUtf16(piece[at..], out Rune rune, out int length);
            end = at + length;
            ReadOnlySpan<byte> bytes = utf8[..rune.EncodeToUtf8(utf8)];
            if (_lookup.TryGetValue(piece[at..end], out int id)) symbols.Add(new(id, at, end));
            else if (_byteFallback && HasAll(bytes))
            {
                foreach (byte b in bytes) symbols.AddByte(new(_bytes[b], at, end));
            }
            else if (_unknown != None) symbols.AddUnknown(new(_unknown, at, end), _fusesUnknown);
        }
    }

    private bool HasAll(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
            if (_bytes[b] == None) return false;
        return true;
    }
}
