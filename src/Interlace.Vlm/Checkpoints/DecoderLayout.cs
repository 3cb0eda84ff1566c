using System.Globalization;
using System.Text.Json.Nodes;
using Interlace.Vlm.Families;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// Where the decoder layers of a checkpoint lie: the prefix of their tensors and the places of their number in <c>config.json</c>.
/// Vision encoders have numbered blocks and a <c>num_hidden_layers</c> too; both are never touched. Layer numbers are 0-based.
/// </summary>
public sealed class DecoderLayout
{
    /// <summary>Sections of a config that say how its weights are quantised, and of which layers that is true.</summary>
    private static readonly string[] QuantisedSections = ["quantization_config", "compression_config"];

    private const string CountKey = "num_hidden_layers", TypesKey = "layer_types", TextKey = "text_config";

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
    public int AddedLevels => _family.AddedLevels(_config);

    /// <summary>The part of the model that a tensor belongs to.</summary>
    public ModelPart PartOf(string tensor) => _family.Names.PartOf(tensor);

    /// <summary>The layout of a model folder.</summary>
    /// <exception cref="InputException">
    /// The kind of model is unknown, or its config and tensors disagree about its decoder layers.
    /// </exception>
    public static DecoderLayout Of(Checkpoint checkpoint)
    {
        var family = FamilyTable.Find(checkpoint.Config) ?? throw new InputException(
            $"{checkpoint.Folder} holds a model of type '{checkpoint.Config["model_type"]}', whose decoder layers cannot be found; "
            + $"known are {string.Join(", ", FamilyTable.All.Select(known => known.ModelType))}.");
        string[] prefixes = [.. family.Names.LayerPrefixes
            .Where(prefix => checkpoint.Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))];
        if (prefixes.Length != 1)
        {
            string found = prefixes.Length == 0 ? "no decoder layers" : "decoder layers under two names";
            throw new InputException($"{checkpoint.Folder} has {found}: "
                + $"expected tensors named {string.Join(" or ", family.Names.LayerPrefixes)}N.");
        }
        int count = LayerNumbers(checkpoint, prefixes[0]);
        var layout = new DecoderLayout(family, checkpoint, prefixes[0], count);
        if (family.Place == DecoderPlace.Nested && layout.Section([TextKey]) is null)
            throw new InputException($"{checkpoint.Folder} is inconsistent: config.json has no {TextKey}, which describes the decoder.");
        if (Integer(layout.Section(layout.Sections[0])![CountKey]) is { } stated && stated != count)
            throw new InputException($"{checkpoint.Folder} is inconsistent: config.json has {stated} decoder layers, the weights {count}.");
        return layout;
    }

    /// <summary>The layer of a tensor and the rest of its name, or null where it belongs to no decoder layer.</summary>
    public (int Layer, string Part)? Parse(string tensor) => Parse(Prefix, tensor);

    /// <summary>Whether a tensor of a layer, by the rest of its name, is of the last linear layer of its feed-forward.</summary>
    public static bool IsFeedForwardOutput(string part) => part is "mlp.down_proj.weight" or "mlp.down_proj.bias";

    /// <summary>The name of a decoder tensor.</summary>
    public string Name(int layer, string part) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{layer}.{part}");

    /// <summary>
    /// The text of <c>config.json</c> for a model that has only the layers <paramref name="kept"/> (ascending),
    /// changed in nothing but the decoder's number of layers, their attention types, keys of the family that speak of layers by their
    /// index, and the names of layers in its quantisation.
    /// Types that readers would derive from a layer's index are spelled out, because the index changes.
    /// </summary>
    /// <exception cref="InputException">It names layers in a way of which nobody can tell what it would have to be.</exception>
    public byte[] KeepLayers(byte[] config, IReadOnlyList<int> kept)
    {
        string[][] sections = Sections;
        string[][] counted = [.. sections.Where(section => Section(section)!.ContainsKey(CountKey))];
        string[][] typed = [.. sections.Where(section => Section(section)![TypesKey] is JsonArray)];
        // A count that is left out is a default's, which is not this model's any more.
        bool leads = counted.Contains(sections[0]);
        foreach (var section in leads ? counted : [sections[0], .. counted])
            config = JsonText.Set(config, [.. section, CountKey], kept.Count.ToString(CultureInfo.InvariantCulture));
        foreach (var section in typed)
        {
            if (((JsonArray)Section(section)![TypesKey]!).Count is var types && types != LayerCount)
                throw new InputException($"config.json lists {types} attention types for {LayerCount} decoder layers.");
            config = JsonText.Slice(config, [.. section, TypesKey], kept);
        }
        if (typed.Length == 0 && kept.Count < LayerCount && _family.ImpliedLayerTypes(Section(sections[0])!, LayerCount) is { } implied)
            config = JsonText.SetStrings(config, [.. sections[0], TypesKey], [.. kept.Select(layer => implied[layer])]);
        if (kept.Count == LayerCount) return config;
        foreach (var (key, json) in _family.LayerKeys.Kept(Section(sections[0])!, LayerCount, kept))
            config = JsonText.Set(config, [.. sections[0], key], json);
        return RenumberNames(config, kept);
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
            {
                throw new InputException($"{path} names decoder layers, whose numbers change: "
                    + "prune the model that was quantised, and quantise the result.");
            }
        }
    }

    private byte[] RenumberNames(byte[] config, IReadOnlyList<int> kept)
    {
        var names = new ModuleNames("config.json", this, _tensors, kept);
        foreach (var section in Sections.Append([]).DistinctBy(path => path.Length))
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
    /// Lists of layers by number have no meaning that could be told from their name, unless the family knows it.
    /// What a vision encoder's layers are is not touched.
    /// </summary>
    private void CheckLists(JsonObject section, IReadOnlyList<string> path)
    {
        foreach (var (name, value) in section)
        {
            bool byNumber = value is JsonArray list && list.Any(entry => Integer(entry) is not null) || value is JsonObject entries
                && entries.Any(entry => int.TryParse(entry.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _));
            if (byNumber && name.Contains("layer", StringComparison.OrdinalIgnoreCase)
                && !name.Contains("vision", StringComparison.OrdinalIgnoreCase) && !_family.LayerKeys.Names.Contains(name))
            {
                throw new InputException($"config.json lists decoder layers by number in {string.Join('.', path.Append(name))}, "
                    + "and nobody can tell what that has to be when layers are dropped: prune a model without it.");
            }
        }
    }

    /// <summary>The parts of the config that describe the decoder, the one that counts first.</summary>
    private string[][] Sections => _family.Place != DecoderPlace.Root && Section([TextKey]) is not null ? [[TextKey], []] : [[]];

    private JsonObject? Section(string[] path) => path.Length == 0 ? _config : _config[path[0]] as JsonObject;

    private static (int Layer, string Part)? Parse(string prefix, string tensor)
    {
        if (!tensor.StartsWith(prefix, StringComparison.Ordinal)) return null;
        int dot = tensor.IndexOf('.', prefix.Length);
        if (dot < 0) return null;
        var number = tensor.AsSpan(prefix.Length, dot - prefix.Length);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) ? (layer, tensor[(dot + 1)..]) : null;
    }

    private static int LayerNumbers(Checkpoint checkpoint, string prefix)
    {
        int[] numbers =
            [.. checkpoint.Names.Select(name => Parse(prefix, name)?.Layer).OfType<int>().Distinct().Order()];
        for (int i = 0; i < numbers.Length; i++)
            if (numbers[i] != i)
                throw new InputException($"{checkpoint.Folder} has no tensors of decoder layer {i}, but of layer {numbers[i]}.");
        return numbers.Length;
    }

    private static int? Integer(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
