using System.Text;
using System.Text.Json;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// What is done to every stretch of text between added tokens before it is cut: the normalizer section of a tokenizer.json.
/// </summary>
internal sealed class Normalizer
{
    private readonly List<Func<AlignedText, AlignedText>> _steps = [];

    /// <summary>Reads the section.</summary>
    /// <exception cref="InputException">A normaliser that cannot be reproduced exactly.</exception>
    public Normalizer(JsonElement section, string source)
    {
        double growth = 1;
        foreach (Component step in Component.Steps(section, "normaliser", "normalizers", source))
        {
            _steps.Add(Read(step, ref growth));
            if (growth > Component.MostGrowth) throw step.Refused($"content that makes a text {growth:F0} times as long");
        }
    }

    /// <summary>So many UTF-8 bytes of a text become one at most.</summary>
    public double Shrinks { get; private set; } = 1;

    /// <summary>Whether several characters are replaced at once.</summary>
    public bool JoinsCharacters { get; private set; }

    /// <summary>The text normalised; the same object where it already is. Nothing is put before an empty text.</summary>
    public AlignedText Apply(AlignedText text)
    {
        foreach (var step in _steps) text = step(text);
        return text;
    }

    private Func<AlignedText, AlignedText> Read(Component step, ref double growth)
    {
        switch (step.Type)
        {
            case "NFC":
                step.Allow();
                Shrinks *= 3;
                return CanonicalComposition.Compose;
            case "Prepend":
                step.Allow("prepend");
                string prefix = step.Required("prepend");
                return text => Prepend(text, prefix);
            case "Replace":
                step.Allow("pattern", "content");
                string pattern = step.PlainPattern(), content = step.Required("content");
                double ratio = (double)Encoding.UTF8.GetByteCount(content) / Encoding.UTF8.GetByteCount(pattern);
                JoinsCharacters |= pattern.EnumerateRunes().Count() > 1;
                growth *= Math.Max(1, (double)content.Length / pattern.Length);
                Shrinks *= Math.Max(1, 1 / ratio);
                return text => text.Replace(pattern, content);
            default:
                throw step.Refused();
        }
    }

    private static AlignedText Prepend(AlignedText text, string prefix)
    {
        if (text.Text.Length == 0) return text;
        var changed = new AlignedText.Builder(text);
        changed.Insert(prefix, text.Origin(0, 1));
        changed.Keep(0, text.Text.Length);
        return changed.Build();
    }
}
