using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>
/// What a family's tensors are called: the decoder's (<c>PREFIXlayers.N.</c>, <c>PREFIXembed_tokens</c>, <c>PREFIXnorm</c>), the head's and
/// those of the parts that see. Published files and newer programs put different beginnings before the same names.
/// </summary>
/// <param name="decoder">Beginnings of the decoder's tensors.</param>
/// <param name="others">Beginnings of the others', the head's among them.</param>
internal sealed class TensorNames(NameRule decoder, params NameRule[] others)
{
    /// <summary>Of the embedding, behind the decoder's beginning.</summary>
    public const string Embedding = "embed_tokens";

    /// <summary>Of the final norm, behind the decoder's beginning.</summary>
    public const string Norm = "norm";

    private const string Layers = "layers.";

    private readonly NameRule[] _rules = [decoder, .. others];

    /// <summary>What the decoder's names begin with in memory.</summary>
    public string Decoder => decoder.InMemory;

    /// <summary>What the head's names begin with in memory, without the dot.</summary>
    public string Head => others.First(rule => rule.Part == ModelPart.Head).InMemory.TrimEnd('.');

    /// <summary>What names of decoder layers may begin with, up to the layer's number.</summary>
    public IEnumerable<string> LayerPrefixes => decoder.All.Select(prefix => prefix + Layers);

    /// <summary>From names in memory to those of a file's tensors.</summary>
    /// <param name="tensors">Names of all tensors of a checkpoint; none where there are no files: names are then those in memory.</param>
    public Func<string, string> To(IReadOnlyCollection<string> tensors)
    {
        var found = _rules.ToDictionary(rule => rule.InMemory, rule => Spelling(rule, tensors), StringComparer.Ordinal);
        return name => RuleOf(name, rule => [rule.InMemory]) is { } rule ? found[rule.InMemory] + name[rule.InMemory.Length..] : name;
    }

    /// <summary>The part of a model that a tensor of a file belongs to.</summary>
    public ModelPart PartOf(string tensor)
    {
        if (RuleOf(tensor, rule => rule.All) is not { } rule) return ModelPart.Other;
        if (rule != decoder) return rule.Part;
        string rest = tensor[rule.All.First(prefix => tensor.StartsWith(prefix, StringComparison.Ordinal)).Length..];
        return rest.StartsWith(Layers, StringComparison.Ordinal) ? ModelPart.DecoderLayers
            : rest.StartsWith(Embedding, StringComparison.Ordinal) ? ModelPart.Embeddings
            : rule.Part;
    }

    private string Spelling(NameRule rule, IReadOnlyCollection<string> tensors)
    {
        string tail = rule == decoder ? Layers : "";   // in flat files the decoder's beginning is also that of others
        return rule.All.FirstOrDefault(prefix =>
            tensors.Any(name => name.StartsWith(prefix + tail, StringComparison.Ordinal))) ?? rule.InMemory;
    }

    /// <summary>The rule with the longest beginning that a name has.</summary>
    private NameRule? RuleOf(string name, Func<NameRule, IEnumerable<string>> beginnings) =>
        _rules.SelectMany(rule => beginnings(rule), (rule, prefix) => (Rule: rule, Prefix: prefix))
            .Where(pair => name.StartsWith(pair.Prefix, StringComparison.Ordinal))
            .MaxBy(pair => pair.Prefix.Length).Rule;
}
