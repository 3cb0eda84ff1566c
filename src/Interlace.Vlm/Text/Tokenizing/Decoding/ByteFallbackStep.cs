using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Interlace.Vlm.Text.Tokenizing.Decoding;

/// <summary>
/// Makes text of tokens such as <c>&lt;0x0A&gt;</c>, each a byte. A run of them arrives when it ends:
/// as its characters where all of it is UTF-8, otherwise every byte of it is a U+FFFD.
/// </summary>
internal sealed class ByteFallbackStep(IDecodingStep next) : IDecodingStep
{
    private readonly List<byte> _run = [];

    public void Add(string text, bool begins)
    {
        if (Byte(text) is { } value) _run.Add(value);
        else
        {
            PassRun();
            next.Add(text, begins);
        }
    }

    public void End()
    {
        PassRun();
        next.End();
    }

    private void PassRun()
    {
        if (_run.Count == 0) return;
        byte[] bytes = [.. _run];
        _run.Clear();
        if (Utf8.IsValid(bytes)) next.Add(Encoding.UTF8.GetString(bytes), begins: true);
        else foreach (byte _ in bytes) next.Add("\uFFFD", begins: true);
    }

    private static byte? Byte(string token)
    {
        if (token is not ['<', '0', 'x', _, _, '>']) return null;
        return byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, null, out byte value) ? value : null;
    }
}
