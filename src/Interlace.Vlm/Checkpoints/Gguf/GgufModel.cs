using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interlace.Vlm.Families;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>A language model in a GGUF file, as the files of a folder in Hugging Face's layout.</summary>
public sealed class GgufModel : IDisposable
{
    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly GgufFile _file;
    private readonly FileStamps _stamps;
    private readonly GgufArchitecture _architecture;
    private readonly GgufTokenizer _tokenizer;
    private readonly GgufSizes _sizes;
    private readonly GgufNames.Part _parts;
    private readonly IReadOnlyList<(GgufName Name, GgufTensor Tensor)> _tensors;

    private GgufModel(GgufFile file, FileStamps stamps)
    {
        (_file, _stamps) = (file, stamps);
        if (file.Keys.Number("split.count") is > 1 and var parts)
            throw new InputException($"{file.Path} is one of {parts} parts of a model: put them together into one file first.");
        _architecture = GgufArchitecture.Of(file.Keys);
        _tokenizer = new(file.Keys);
        _sizes = GgufSizes.Read(file.Keys, _architecture.Name, _tokenizer.Count);
        var found = file.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        _parts = Parts(found.Keys);
        _tensors = Match(found);
    }

    /// <summary>The architectures that are known, by the names that files give them.</summary>
    public static IReadOnlyList<string> Architectures { get; } = [.. GgufArchitecture.All.Select(known => known.Name)];

    /// <summary>Name of the model's architecture in the file.</summary>
    public string Architecture => _architecture.Name;

    /// <summary>The types of the tensors that are taken, and how many of the weights are of each, most first.</summary>
    public IReadOnlyList<(GgufType Type, long Weights)> Types =>
        [.. _tensors.GroupBy(pair => pair.Tensor.Type).Select(group => (group.Key, group.Sum(pair => pair.Tensor.Elements)))
            .OrderByDescending(entry => entry.Item2).ThenBy(entry => entry.Key.Id)];

    /// <summary>Opens a file and checks that it holds a whole model of a known kind: keys, names and shapes of all tensors.</summary>
    /// <exception cref="InputException">It does not.</exception>
    public static GgufModel Open(string path)
    {
        var file = GgufFile.Open(path);
        try
        {
            return new(file, FileStamps.Of([path]));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The folder's files beside the weights, by name.</summary>
    /// <param name="type">Type of the weights that are written: BF16 or F32.</param>
    /// <exception cref="InputException">A key is absent or out of range, or the tokenizer cannot be rebuilt.</exception>
    public IReadOnlyDictionary<string, byte[]> Files(ElementType type)
    {
        var config = GgufConfig.Of(_file, _architecture, _sizes, _parts, type);
        byte[] tokenizer = Bytes(_tokenizer.ToJson());
        Tokenizer.Read(tokenizer, $"The tokenizer that {_file.Path} describes", _sizes.Vocabulary);
        return new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["config.json"] = Bytes(config),
            ["generation_config.json"] = Bytes(GgufConfig.Generation(_file.Keys, _sizes.Vocabulary)),
            ["special_tokens_map.json"] = Bytes(_tokenizer.ToMap()),
            ["tokenizer.json"] = tokenizer,
            ["tokenizer_config.json"] = Bytes(_tokenizer.ToConfig((int)config["max_position_embeddings"]!)),
        };
    }

    /// <summary>The weights under their names in such folders, read when they are written: the model must stay open until then.</summary>
    /// <param name="type">Their type: BF16 or F32.</param>
    public IReadOnlyList<TensorSource> Tensors(ElementType type) =>
        [.. _tensors.Select(pair => DequantisedTensor.Source(_file, pair.Tensor, pair.Name.InFolder, type,
            _architecture.IsPermuted ? pair.Name.Heads : null))];

    /// <summary>Checks that the file is what it was when it was opened.</summary>
    /// <exception cref="InputException">It has changed, or is gone.</exception>
    public void CheckUnchanged() => _stamps.Check();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The parts that all such models have, and those of the others of which the file has anything.</summary>
    private GgufNames.Part Parts(IReadOnlyCollection<string> names)
    {
        var parts = _architecture.Parts;
        foreach (var part in Enum.GetValues<GgufNames.Part>().Where(part => part != 0 && _architecture.Optional.HasFlag(part)))
            if (GgufNames.Of(_sizes with { Layers = 1 }, part).Any(name => name.IsOf(part) && names.Contains(name.InFile))) parts |= part;
        return parts;
    }

    private List<(GgufName, GgufTensor)> Match(Dictionary<string, GgufTensor> found)
    {
        if (found.Count < _sizes.Layers) throw new InputException($"{_file.Path} has {found.Count} tensors for {_sizes.Layers} layers. "
            + "Download or convert it again.");
        var tensors = new List<(GgufName, GgufTensor)>();
        foreach (var name in GgufNames.Of(_sizes, _parts))
        {
            if (!found.Remove(name.InFile, out var tensor))
            {
                throw new InputException($"{_file.Path} has no tensor {name.InFile}, which a complete model has. "
                    + "Download or convert it again.");
            }
            if (!tensor.Shape.SequenceEqual(name.Shape))
            {
                throw new InputException($"{_file.Path}: tensor {name.InFile} has the sizes [{string.Join(", ", tensor.Shape)}], "
                    + $"expected [{string.Join(", ", name.Shape)}] by the file's keys. Download or convert it again.");
            }
            tensors.Add((name, tensor));
        }
        found.Remove(GgufNames.RopeFactors);
        if (found.Keys.Order(StringComparer.Ordinal).FirstOrDefault() is { } other)
        {
            throw new InputException($"{_file.Path} has a tensor {Printable.Quote(other)}, which no {_architecture.Name} model has "
                + "that can be imported: take the model's original folder.");
        }
        return tensors;
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Readable) + "\n");
}
