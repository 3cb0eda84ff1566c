using System.Globalization;
using System.Text.Json.Nodes;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// Where the decoder layers of a checkpoint lie: the prefix of their tensors and the places of their number in <c>config.json</c>. Vision encoders have numbered
/// blocks and a <c>num_hidden_layers</c> too; both are never touched. Layer numbers are 0-based.
/// </summary>
public sealed class DecoderLayout
{
    /// <summary>Sections of a config that say how its weights are quantised, and of which layers that is true.</summary>
    private static readonly string[] QuantisedSections = ["quantization_config", "compression_config"];

    private const string CountKey = "num_hidden_layers", TypesKey = "layer_types", Sliding = "sliding_attention", Full = "full_attention";

    private readonly Family _family;
    private readonly JsonObject _config;
    private readonly IReadOnlyCollection<string> _tensors;

    private DecoderLayout(Family family, Checkpoint checkpoint, string prefix, int layerCount) =>
        (_family, _config, _tensors, Prefix, LayerCount) = (family, checkpoint.Config, checkpoint.Names, prefix, layerCount);

    /// <summary>What the names of decoder tensors begin with, up to the layer's number.</summary>
    public string Prefix { get; }

    /// <summary>Number of decoder layers.</summary>
    public int LayerCount { get; }

    /// <summary>How many of the first decoder layers have visual features added behind them (DeepStack), by position.</summary>
    public int DeepStackLevels => (_config["vision_config"] as JsonObject)?["deepstack_visual_indexes"] is JsonArray levels ? levels.Count : 0;

    /// <summary>The values of <c>model_type</c> that are known.</summary>
    public static IEnumerable<string> ModelTypes => Families.Keys;

    /// <summary>The layout of a model folder.</summary>
    /// <exception cref="InputException">The kind of model is unknown, or its config and tensors disagree about its decoder layers.</exception>
    public static DecoderLayout Of(Checkpoint checkpoint)
    {
        string type = Text(checkpoint.Config["model_type"]) ?? "";
        if (!Families.TryGetValue(type, out var family))
            throw new InputException($"{checkpoint.Folder} holds a model of type '{type}', whose decoder layers cannot be told; known are {string.Join(", ", Families.Keys)}.");
        string[] prefixes = [.. family.Prefixes.Where(prefix => checkpoint.Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))];
        if (prefixes.Length != 1)
            throw new InputException($"{checkpoint.Folder} has {(prefixes.Length == 0 ? "no decoder layers" : "decoder layers under two names")}: expected tensors named {string.Join(" or ", family.Prefixes)}N.");

        int found = LayerNumbers(checkpoint, prefixes[0]);
        var layout = new DecoderLayout(family, checkpoint, prefixes[0], found);
        if (!layout.Sections().Any()) throw new InputException($"{checkpoint.Folder} is inconsistent: config.json has no {family.Sections[0][0]}, which describes the decoder.");
        foreach (var section in layout.Sections())
            if (Integer(layout.Section(section)![CountKey]) is { } count && count != found)
                throw new InputException($"{checkpoint.Folder} is inconsistent: config.json has {count} decoder layers, the weights {found}.");
        return layout;
    }

    /// <summary>The layer of a tensor and the rest of its name, or null where it belongs to no decoder layer.</summary>
    public (int Layer, string Part)? Parse(string tensor) => Parse(Prefix, tensor);

    /// <summary>The name of a decoder tensor.</summary>
    public string Name(int layer, string part) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{layer}.{part}");

    /// <summary>
    /// The text of <c>config.json</c> for a model that has only the layers <paramref name="kept"/> (ascending),
    /// changed in nothing but the decoder's number of layers, their
    /// attention types, and the names of layers in its quantisation. Types that readers would derive from a layer's index are spelled out,
    /// because the index changes.
    /// </summary>
    /// <exception cref="InputException">It names layers in a way of which nobody can tell what it would have to be.</exception>
    public byte[] KeepLayers(byte[] config, IReadOnlyList<int> kept)
    {
        string[][] sections = [.. Sections()];
        string[][] counted = [.. sections.Where(section => Section(section)!.ContainsKey(CountKey))];
        string[][] typed = [.. sections.Where(section => Section(section)![TypesKey] is JsonArray)];
        foreach (var section in counted.Length > 0 ? counted : sections[..1])
            config = JsonText.Set(config, [.. section, CountKey], kept.Count.ToString(CultureInfo.InvariantCulture));
        foreach (var section in typed)
        {
            if (((JsonArray)Section(section)![TypesKey]!).Count is var types && types != LayerCount)
                throw new InputException($"config.json lists {types} attention types for {LayerCount} decoder layers.");
            config = JsonText.Slice(config, [.. section, TypesKey], kept);
        }
        if (typed.Length == 0 && kept.Count < LayerCount && _family.ImpliedTypes(Section(sections[0])!, LayerCount) is { } implied)
            config = JsonText.SetStrings(config, [.. sections[0], TypesKey], [.. kept.Select(layer => implied[layer])]);
        return kept.Count < LayerCount ? RenumberNames(config, kept) : config;
    }

    /// <summary>
    /// Makes sure that the files beside the config in which older programs kept what others keep in its <c>quantization_config</c> are true
    /// of a model that has only the layers <paramref name="kept"/>.
    /// </summary>
    /// <exception cref="InputException">One of them names a layer whose number changes.</exception>
    public void CheckQuantisationFiles(string folder, IReadOnlyList<int> kept)
    {
        foreach (string file in (ReadOnlySpan<string>)["quantize_config.json", "quant_config.json", "hf_quant_config.json"])
        {
            if (Path.Combine(folder, file) is var path && !File.Exists(path)) continue;
            StrictJson.Read(path);
            byte[] text = StrictJson.Bytes(path);
            if (!new ModuleNames(path, this, _tensors, kept).Renumber(text, []).AsSpan().SequenceEqual(text))
                throw new InputException($"{path} names decoder layers, whose numbers change: prune the model that was quantised, and quantise the result.");
        }
    }

    private byte[] RenumberNames(byte[] config, IReadOnlyList<int> kept)
    {
        var names = new ModuleNames("config.json", this, _tensors, kept);
        foreach (var section in Sections().Append([]).DistinctBy(path => path.Length))
        {
            CheckLists(Section(section)!, section);
            foreach (string quantised in QuantisedSections)
            {
                if (Section(section)![quantised] is not JsonObject node) continue;
                CheckLists(node, [.. section, quantised]);
                config = names.Renumber(config, [.. section, quantised]);
            }
        }
        return config;
    }

    /// <summary>
    /// Lists of layers by number, such as <c>mlp_only_layers</c>, have no meaning that could be told from their name.
    /// What a vision encoder's layers are is not touched.
    /// </summary>
    private static void CheckLists(JsonObject section, IReadOnlyList<string> path)
    {
        foreach (var (name, value) in section)
        {
            bool byNumber = value is JsonArray list && list.Any(entry => Integer(entry) is not null) || value is JsonObject entries
                && entries.Any(entry => int.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _));
            if (byNumber && name.Contains("layer", StringComparison.OrdinalIgnoreCase)
                && !name.Contains("vision", StringComparison.OrdinalIgnoreCase))
                throw new InputException($"config.json lists decoder layers by number in {string.Join('.', path.Append(name))}, and it cannot be told what that is when layers are dropped: prune a model without it.");
        }
    }

    private IEnumerable<string[]> Sections() => _family.Sections.Where(section => Section(section) is not null);

    private JsonObject? Section(string[] path) => path.Length == 0 ? _config : _config[path[0]] as JsonObject;

    /// <summary>One row of the table.</summary>
    /// <param name="Sections">Objects of the config that describe the decoder, the leading one first; several where programs write the same keys twice.</param>
    /// <param name="Prefixes">Possible names of decoder tensors, up to the layer's number.</param>
    /// <param name="ImpliedTypes">The attention types that readers derive from layer indices where the config lists none; null where all layers are alike.</param>
    private sealed record Family(string[][] Sections, string[] Prefixes, Func<JsonObject, int, string[]?> ImpliedTypes);

    private static readonly string[][] Nested = [["text_config"]], Flat = [[]], Either = [["text_config"], []];

    private static readonly string[] Wrapped = ["language_model.model.layers.", "model.language_model.layers."];

    private static OrderedDictionary<string, Family> Families { get; } = new(StringComparer.Ordinal)
    {
        ["qwen3_vl"] = new(Nested, ["model.language_model.layers."], Alike),
        ["qwen2_5_vl"] = new(Either, ["model.language_model.layers.", "model.layers."], SlidingFrom(80)),
        ["qwen2_vl"] = new(Either, ["model.language_model.layers.", "model.layers."], SlidingFrom(80)),
        ["llava"] = new(Nested, Wrapped, Alike),
        ["llava_onevision"] = new(Nested, Wrapped, SlidingFrom(28)),
        ["internvl"] = new(Nested, Wrapped, SlidingFrom(28)),
        ["smolvlm"] = new(Nested, ["model.text_model.layers."], Alike),
        ["gemma3"] = new(Nested, Wrapped, FullEvery(6)),
        ["qwen3"] = new(Flat, ["model.layers."], SlidingFrom(28)),
        ["llama"] = new(Flat, ["model.layers."], Alike),
    };

    private static string[]? Alike(JsonObject decoder, int layers) => null;

    /// <summary>Qwen: layers from <c>max_window_layers</c> on slide, where a window is in use at all.</summary>
    private static Func<JsonObject, int, string[]?> SlidingFrom(int defaultStart) => (decoder, layers) =>
    {
        bool slides = decoder["use_sliding_window"] is JsonValue use && use.TryGetValue(out bool yes) && yes
            && (!decoder.TryGetPropertyValue("sliding_window", out var window) || window is not null);
        int start = Integer(decoder["max_window_layers"]) ?? defaultStart;
        return slides && start < layers ? [.. Enumerable.Range(0, layers).Select(layer => layer >= start ? Sliding : Full)] : null;
    };

    /// <summary>Gemma 3: every n-th layer sees everything, the others slide.</summary>
    private static Func<JsonObject, int, string[]?> FullEvery(int defaultPattern) => (decoder, layers) =>
    {
        int pattern = Integer(decoder["sliding_window_pattern"]) ?? defaultPattern;
        return [.. Enumerable.Range(0, layers).Select(layer => (layer + 1) % pattern == 0 ? Full : Sliding)];
    };

    private static (int Layer, string Part)? Parse(string prefix, string tensor)
    {
        if (!tensor.StartsWith(prefix, StringComparison.Ordinal)) return null;
        int dot = tensor.IndexOf('.', prefix.Length);
        return dot > 0 && int.TryParse(tensor.AsSpan(prefix.Length, dot - prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int layer) ? (layer, tensor[(dot + 1)..]) : null;
    }

    private static int LayerNumbers(Checkpoint checkpoint, string prefix)
    {
        int[] numbers = [.. checkpoint.Names.Select(name => Parse(prefix, name)?.Layer ?? -1).Where(layer => layer >= 0).Distinct().Order()];
        for (int i = 0; i < numbers.Length; i++)
            if (numbers[i] != i) throw new InputException($"{checkpoint.Folder} has no tensors of decoder layer {i}, but of layer {numbers[i]}.");
        return numbers.Length;
    }

    private static int? Integer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
