using System.Text.Json;
using System.Text.RegularExpressions;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// Cuts a text into the pieces that byte-pair merges never cross: the pre_tokenizer section of a tokenizer.json.
/// </summary>
internal sealed class PreTokenizer
{
    /// <summary>The pattern of a ByteLevel pre-tokenizer with use_regex (GPT-2's).</summary>
    private const string ByteLevelPattern = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>A pattern that needs longer for one text goes over it again and again.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    private const int LongestPattern = 10_000;   // compiled, a pattern takes many times its size

    private readonly List<Func<Pieces, Pieces>> _steps = [];
    private readonly string _source;

    /// <summary>Reads the section.</summary>
    /// <exception cref="InputException">A pre-tokenizer that cannot be reproduced exactly.</exception>
    public PreTokenizer(JsonElement section, string source)
    {
        _source = source;
        foreach (Component step in Component.Steps(section, "pre-tokenizer", "pretokenizers", source))
        {
            if (IsByteLevel) throw step.Refused("place after ByteLevel");
            Read(step);
        }
    }

    /// <summary>Whether the pieces are merged from their UTF-8 bytes; from their characters otherwise.</summary>
    public bool IsByteLevel { get; private set; }

    /// <summary>Whether parts of a text are dropped.</summary>
    public bool Removes { get; private set; }

    /// <summary>Whether a step does something else at the very beginning of a text.</summary>
    public bool LooksForBeginning { get; private set; }

    /// <summary>The pieces of a text.</summary>
    /// <exception cref="InputException">A pattern does not come to an end.</exception>
    public Pieces Split(AlignedText text)
    {
        try
        {
            Pieces pieces = Pieces.Of(text);
            foreach (var step in _steps) pieces = step(pieces);
            return pieces;
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InputException($"{_source}: the pre-tokenizer's pattern does not come to an end on this text.", error);
        }
    }

    private void Read(Component step)
    {
        switch (step.Type)
        {
            case "Split":
                step.Allow("pattern", "behavior", "invert");
                SplitBehavior behavior = Behavior(step);
                Removes |= behavior == SplitBehavior.Removed;
                _steps.Add(new Splitter(Pattern(step), behavior, step.Flag("invert")).Apply);
                break;
            case "Digits":
                step.Allow("individual_digits");
                SplitBehavior digits = step.Flag("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous;
                _steps.Add(new Splitter(Known(@"\p{N}"), digits).Apply);
                break;
            case "ByteLevel":
                step.Allow("add_prefix_space", "trim_offsets", "use_regex");
                IsByteLevel = true;
                if (step.Flag("add_prefix_space")) _steps.Add(static pieces => pieces.Prepend(" ", LacksSpace));
                if (step.Flag("use_regex", absent: true)) _steps.Add(new Splitter(Known(ByteLevelPattern), SplitBehavior.Isolated).Apply);
                break;
            case "Metaspace":
                Metaspace metaspace = Metaspace.Read(step);
                LooksForBeginning |= metaspace.Scheme == PrependScheme.First;
                _steps.Add(metaspace.Replace);
                if (!metaspace.Splits) break;
                _steps.Add(new Splitter(Known(Regex.Escape($"{metaspace.Replacement}")), SplitBehavior.MergedWithNext).Apply);
                break;
            default:
                throw step.Refused();
        }
    }

    private static SplitBehavior Behavior(Component step)
    {
        string name = step.Required("behavior");
        if (!Enum.GetNames<SplitBehavior>().Contains(name)) throw step.Refused($"behavior {Printable.Quote(name)}");
        return Enum.Parse<SplitBehavior>(name);
    }

    private static Regex Known(string pattern) => new(pattern, RegexOptions.CultureInvariant | RegexOptions.Compiled);

    private static bool LacksSpace(AlignedText text, int start) => text.Text[start] != ' ';

    private static Regex Pattern(Component step)
    {
        string expression = Expression(step.Json.GetProperty("pattern"));
        if (expression.Length > LongestPattern)
        {
            throw new InputException($"{step.Source}: the pre-tokenizer's pattern has {expression.Length} characters; "
                + $"more than {LongestPattern} are not supported.");
        }
        try
        {
            return new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.Compiled, Longest);
        }
        catch (ArgumentException error)
        {
            throw new InputException($"{step.Source}: the pre-tokenizer's pattern cannot be read: {error.Message}", error);
        }
    }

    private static string Expression(JsonElement pattern) => pattern.TryGetProperty("Regex", out JsonElement regex)
        ? WithLongS(regex.GetString()!) : Regex.Escape(pattern.GetProperty("String").GetString()!);

    /// <summary>Unicode folds the long s (U+017F) to s, the runtime does not: inside <c>(?i:...)</c> both are written out.</summary>
    private static string WithLongS(string expression) =>
        Regex.Replace(expression, @"\(\?i:[^()\[\]\\]*\)",
            static group => "(?i:" + group.Value[4..].Replace("s", "[s\u017F]", StringComparison.OrdinalIgnoreCase));
}
