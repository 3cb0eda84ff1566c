using System.Text.Json;

namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>
/// The tokens that stand before and after a single text where special tokens are wanted: the post_processor section of a tokenizer.json.
/// </summary>
internal sealed class PostProcessor
{
    private const int MostIds = 256;

    private readonly List<int> _before = [], _after = [];

    /// <summary>Reads the section. What it says of pairs of texts and of places in the text is of no use here.</summary>
    /// <exception cref="InputException">A post-processor that is not reproduced.</exception>
    public PostProcessor(JsonElement section, string source)
    {
        foreach (Component step in Component.Steps(section, "post-processor", "processors", source))
        {
            switch (step.Type)
            {
                case "ByteLevel":
                    step.Allow("add_prefix_space", "trim_offsets", "use_regex");   // moves the places of tokens alone
                    break;
                case "TemplateProcessing":
                    step.Allow("single", "pair", "special_tokens");
                    Surround(step);
                    break;
                default:
                    throw step.Refused();
            }
        }
    }

    public IReadOnlyList<int> Before => _before;

    public IReadOnlyList<int> After => _after;

    private void Surround(Component step)
    {
        List<int> before = [], after = [];
        bool text = false;
        foreach (JsonElement part in step.Json.GetProperty("single").EnumerateArray())
        {
            if (part.TryGetProperty("SpecialToken", out JsonElement token))
            {
                (text ? after : before).AddRange(Ids(step, token.GetProperty("id").GetString()!));
            }
            else if (!text && part.GetProperty("Sequence").GetProperty("id").GetString() == "A") text = true;
            else throw step.Refused("template that holds another text than the one");
        }
        if (!text) throw step.Refused("template that does not hold the text");
        _before.InsertRange(0, before);
        _after.AddRange(after);
        if (_before.Count + _after.Count > MostIds) throw step.Refused($"template of more than {MostIds} tokens");
    }

    private static IEnumerable<int> Ids(Component step, string name)
    {
        if (!step.Json.GetProperty("special_tokens").TryGetProperty(name, out JsonElement token))
            throw new FormatException($"the template names {Printable.Quote(name)}, which its special_tokens do not have.");
        return token.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32());
    }
}
