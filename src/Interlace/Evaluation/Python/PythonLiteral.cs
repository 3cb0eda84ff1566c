using System.Globalization;
using System.Numerics;
using System.Text;

namespace Interlace.Evaluation.Python;

/// <summary>
/// A Python literal found in a table cell: strings, numbers, True, False, None, lists, tuples and dictionaries of these.
/// It is read, never evaluated;
/// names, calls, operators and f-strings are no literals.
/// </summary>
public abstract record PythonLiteral
{
    private PythonLiteral() { }

    /// <summary>A string.</summary>
    public sealed record Text(string Value) : PythonLiteral;

    /// <summary>An integer of any size.</summary>
    public sealed record Integer(BigInteger Value) : PythonLiteral;

    /// <summary>A float.</summary>
    public sealed record Real(double Value) : PythonLiteral;

    /// <summary>True or False.</summary>
    public sealed record Boolean(bool Value) : PythonLiteral;

    /// <summary>None.</summary>
    public sealed record Nothing : PythonLiteral;

    /// <summary>A list, or a tuple where <paramref name="IsTuple"/> holds.</summary>
    public sealed record Sequence(IReadOnlyList<PythonLiteral> Items, bool IsTuple) : PythonLiteral;

    /// <summary>A dictionary, in written order.</summary>
    public sealed record Mapping(IReadOnlyList<KeyValuePair<PythonLiteral, PythonLiteral>> Items) : PythonLiteral;

    /// <summary>The literal a text holds, or null where it holds none:
    /// bad syntax, anything to evaluate, or nesting deeper than 100.</summary>
    public static PythonLiteral? Parse(string text)
    {
        Reader reader = new(text);
        return reader.Value(0) is { } value && reader.AtEnd() ? value : null;
    }

    /// <summary>The texts (as <c>str</c> gives them) of a list literal, or null where the text is no list.</summary>
    /// <param name="text">The text of a cell.</param>
    /// <param name="orTuple">Whether a tuple will do as well.</param>
    public static IReadOnlyList<string>? ParseList(string text, bool orTuple = false) =>
        text.AsSpan().Trim() is ['[', ..] or ['(', ..] && Parse(text) is Sequence sequence && (orTuple || !sequence.IsTuple)
            ? [.. sequence.Items.Select(item => item.Str())]
            : null;

    /// <summary><c>str(x)</c>.</summary>
    public string Str() => this is Text text ? text.Value : Repr();

    private string Repr() => this switch
    {
        Text text =>
            (text.Value.Contains('\'', StringComparison.Ordinal) && !text.Value.Contains('"', StringComparison.Ordinal)
                ? '"' : '\'') is var quote
            ? quote + text.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n",
                StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
                .Replace("\r", "\\r", StringComparison.Ordinal)
                    .Replace(quote == '\'' ? "'" : "\0", quote == '\'' ? "\\'" : "\\x00", StringComparison.Ordinal) + quote : "",
        Integer integer => integer.Value.ToString(CultureInfo.InvariantCulture),
        Real real => PythonText.FloatText(real.Value),
        Boolean boolean => boolean.Value ? "True" : "False",
        Sequence { IsTuple: false } list => $"[{string.Join(", ", list.Items.Select(item => item.Repr()))}]",
        Sequence tuple => $"({string.Join(", ", tuple.Items.Select(item => item.Repr()))}{(tuple.Items.Count == 1 ? "," : "")})",
        Mapping mapping => $"{{{string.Join(", ", mapping.Items.Select(pair => $"{pair.Key.Repr()}: {pair.Value.Repr()}"))}}}",
        _ => "None",
    };

    private sealed class Reader(string text)
    {
        private const int MaxDepth = 100;
        private int _at;

        public bool AtEnd()
        {
            SkipSpace();
            return _at == text.Length;
        }

        public PythonLiteral? Value(int depth)
        {
            SkipSpace();
            if (_at == text.Length || depth > MaxDepth) return null;
            return text[_at] switch
            {
                '[' => Items(']', depth) is { } list ? new Sequence(list.Items, IsTuple: false) : null,
                '(' =>
                    Items(')', depth) is not { } tuple ? null : tuple is { Items.Count: 1, TrailingComma: false }
                        ? tuple.Items[0] : new Sequence(tuple.Items, IsTuple: true),
                '{' => Pairs(depth),
                '\'' or '"' => Strings(),
                '+' or '-' => Signed(depth),
                (>= '0' and <= '9') or '.' => Number(),
                _ => Word(),
            };
        }

        private void SkipSpace()
        {
            while (_at < text.Length && text[_at] is ' ' or '\t' or '\n' or '\r' or '\f') _at++;
        }

        private bool Take(char c)
        {
            SkipSpace();
            if (_at == text.Length || text[_at] != c) return false;
            _at++;
            return true;
        }

        private (List<PythonLiteral> Items, bool TrailingComma)? Items(char close, int depth)
        {
            List<PythonLiteral> items = [];
            _at++;
            bool comma = false;
            while (!Take(close))
            {
                if (items.Count > 0 && !comma || Value(depth + 1) is not { } item) return null;
                items.Add(item);
                comma = Take(',');
            }
            return (items, comma);
        }

        private Mapping? Pairs(int depth)
        {
            List<KeyValuePair<PythonLiteral, PythonLiteral>> pairs = [];
            _at++;
            bool comma = false;
            while (!Take('}'))
            {
                if (pairs.Count > 0 && !comma || Value(depth + 1) is not { } key || !Take(':') || Value(depth + 1) is not { } value)
                    return null;
                pairs.Add(new(key, value));
                comma = Take(',');
            }
            return new(pairs);
        }

        private PythonLiteral? Signed(int depth)
        {
            bool negative = text[_at++] == '-';
            return Value(depth + 1) switch
            {
                Integer integer => new Integer(negative ? -integer.Value : integer.Value),
                Real real => new Real(negative ? -real.Value : real.Value),
                _ => null,
            };
        }

        private PythonLiteral? Number()
        {
            int start = _at;
            bool based = text[_at] == '0' && _at + 1 < text.Length && text[_at + 1] is 'x' or 'X' or 'o' or 'O' or 'b' or 'B';
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.' || !based
                && text[_at] is '+' or '-' && text[_at - 1] is 'e' or 'E'))
                _at++;
            string token = text[start.._at];
            if (based) return Based(token);
            if (token.All(c => char.IsAsciiDigit(c) || c == '_'))
                return PythonText.TryInteger(token, out BigInteger integer) && (token[0] != '0' || integer.IsZero)
                    ? new Integer(integer)
                    : null;
            return PythonText.TryFloat(token, out double real) ? new Real(real) : null;
        }

        private static Integer? Based(string token)
        {
            int radix = char.ToLowerInvariant(token[1]) switch { 'x' => 16, 'o' => 8, _ => 2 };
            BigInteger value = BigInteger.Zero;
            if (token.Length == 2 || token[^1] == '_' || token.Contains("__", StringComparison.Ordinal)) return null;
            foreach (char c in token.AsSpan(2))
            {
                if (c == '_') continue;
                if (!char.IsAsciiHexDigit(c) || Convert.ToInt32(c.ToString(), 16) is var digit && digit >= radix) return null;
                value = value * radix + digit;
            }
            return new(value);
        }

        private PythonLiteral? Word()
        {
            int start = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '_')) _at++;
            string word = text[start.._at];
            if (_at < text.Length && text[_at] is '\'' or '"' && word is "r" or "R" or "u" or "U")
            {
                _at = start;
                return Strings();
            }
            return word switch { "True" => new Boolean(true), "False" => new Boolean(false), "None" => new Nothing(), _ => null };
        }

        /// <summary>One string or several side by side, which Python joins.</summary>
        private Text? Strings()
        {
            StringBuilder value = new();
            do
            {
                if (!String(value)) return null;
                SkipSpace();
            }
            while (_at < text.Length && (text[_at] is '\'' or '"' || text[_at] is 'r' or 'R' or 'u' or 'U' && _at + 1 < text.Length
                && text[_at + 1] is '\'' or '"'));
            return new(value.ToString());
        }

        private bool String(StringBuilder value)
        {
            bool raw = text[_at] is 'r' or 'R';
            if (text[_at] is not ('\'' or '"')) _at++;
            string quote = text[_at].ToString();
            string triple = quote + quote + quote;
            if (string.CompareOrdinal(text, _at, triple, 0, 3) == 0) quote = triple;
            _at += quote.Length;
            while (_at < text.Length)
            {
                if (string.CompareOrdinal(text, _at, quote, 0, quote.Length) == 0)
                {
                    _at += quote.Length;
                    return true;
                }
                char c = text[_at++];
                if (c is '\n' or '\r' && quote.Length == 1) return false;
                if (c != '\\') value.Append(c);
                else if (_at == text.Length) return false;
                else if (raw) value.Append(c).Append(text[_at++]);
                else if (!Escape(value)) return false;
            }
            return false;
        }

        private bool Escape(StringBuilder value)
        {
            char c = text[_at++];
            const string Letters = "abfnrtv\\'\"", Meanings = "\a\b\f\n\r\t\v\\'\"";
            int known = Letters.IndexOf(c, StringComparison.Ordinal);
            if (known >= 0) value.Append(Meanings[known]);
            else if (c is >= '0' and <= '7')
            {
                int code = c - '0';
                for (int n = 0; n < 2 && _at < text.Length && text[_at] is >= '0' and <= '7'; n++) code = code * 8 + text[_at++] - '0';
                value.Append((char)code);
            }
            else if (c is 'x' or 'u' or 'U') return CodePoint(value, c == 'x' ? 2 : c == 'u' ? 4 : 8);
            else if (c == 'N') return false;
            else if (c == '\r') _at += _at < text.Length && text[_at] == '\n' ? 1 : 0;
            else if (c != '\n') value.Append('\\').Append(c);
            return true;
        }

        private bool CodePoint(StringBuilder value, int digits)
        {
            if (_at + digits > text.Length
                || !int.TryParse(text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                || code is < 0 or > 0x10ffff)
                return false;
            _at += digits;
            if (code <= 0xffff) value.Append((char)code);
            else value.Append(char.ConvertFromUtf32(code));
            return true;
        }
    }
}
