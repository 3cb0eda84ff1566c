using System.Text;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>The 256 printable characters in which byte-level tokenizers write bytes (GPT-2's table).</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = Build();
    private static readonly Dictionary<char, byte> Bytes =
        Chars.Select((c, value) => (c, value)).ToDictionary(pair => pair.c, pair => (byte)pair.value);

    /// <summary>The character of a byte.</summary>
    public static char Character(byte value) => Chars[value];

    /// <summary>The characters in the order of their code points: the first tokens of a vocabulary.</summary>
    public static IEnumerable<string> Characters => Chars.Order().Select(c => $"{c}");

    /// <summary>The bytes of a token of the vocabulary; a token that holds any other character stands for its UTF-8.</summary>
    public static byte[] Decode(string token) =>
        token.All(Bytes.ContainsKey) ? [.. token.Select(c => Bytes[c])] : Encoding.UTF8.GetBytes(token);

    /// <summary>A text as the vocabulary writes its UTF-8.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        byte[] utf8 = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        return string.Create(Encoding.UTF8.GetBytes(text, utf8), utf8, static (chars, bytes) =>
        {
            for (int i = 0; i < chars.Length; i++) chars[i] = Chars[bytes[i]];
        });
    }

    private static char[] Build()
    {
        char[] chars = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            chars[b] = (char)(printable ? b : next++);
        }
        return chars;
    }
}
