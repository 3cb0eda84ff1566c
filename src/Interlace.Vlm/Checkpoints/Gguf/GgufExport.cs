using Interlace.Vlm.Blocks;
using Interlace.Vlm.Families;

namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>
/// A model folder as the GGUF files that llama.cpp reads: one of the decoder, and one of the parts that see where those can be written.
/// Weights are read where they lie, when they are written.
/// </summary>
public sealed class GgufExport : IDisposable
{
    /// <summary>What a file of the parts that see is called by its <c>general.architecture</c>.</summary>
    public const string VisionArchitecture = "clip";

    private const uint QuantisationVersion = 2;   // of the layout of blocks

    private readonly Checkpoint _checkpoint;
    private readonly GgufDecoder _decoder;
    private readonly GgufVision? _vision;
    private readonly Func<string, string> _inFiles;

    private GgufExport(Checkpoint checkpoint)
    {
        _checkpoint = checkpoint;
        var config = ModelConfig.Of(checkpoint);
        var family = GgufDecoder.FamilyOf(config);
        _decoder = new(family, config);
        _vision = family.Gguf!.Vision?.Invoke(config);
        _inFiles = family.Names.To(checkpoint.Names);
        CheckNames(family);
    }

    /// <summary>Kinds of models that can be exported, by their <c>model_type</c>.</summary>
    public static IReadOnlyList<string> ModelTypes { get; } =
        [.. FamilyTable.All.Where(family => family.Gguf is not null).Select(family => family.ModelType)];

    /// <summary>Architecture of the decoder's file.</summary>
    public string Architecture => _decoder.Architecture.Name;

    /// <summary>Decoder layers.</summary>
    public int LayerCount => _decoder.Sizes.Layers;

    /// <summary>Whether there is a file of the parts that see.</summary>
    public bool HasVision => _vision is not null;

    /// <summary>Tensors of parts that see which no file takes.</summary>
    public int LeftOut { get; private set; }

    /// <summary>The model folder, opened.</summary>
    public Checkpoint Checkpoint => _checkpoint;

    /// <summary>Opens a folder and checks that all of its decoder can be said in such a file.</summary>
    /// <exception cref="InputException">The folder is wrong, or its model cannot be exported.</exception>
    public static GgufExport Open(string folder)
    {
        var checkpoint = Checkpoint.Open(folder);
        try
        {
            return new(checkpoint);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The file of the decoder, tokenizer included.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="more">Keys of the caller's own, which readers pass over; <c>general.name</c> is one.</param>
    /// <exception cref="InputException">A tensor is absent or of another shape or type, or the tokenizer cannot be written.</exception>
    public GgufContent Decoder(GgufFileType type, IEnumerable<GgufEntry> more)
    {
        GgufEntry[] own = [.. _decoder.Keys()];
        return new([.. General(Architecture, "model", type, more), .. own], [.. _decoder.Names.Select(name =>
            Tensor(type, name.InFile, name.InFolder, name.Shape, name.Shape, Paired(name))), .. Factors()]);
    }

    /// <summary>The file of the parts that see.</summary>
    /// <inheritdoc cref="Decoder"/>
    public GgufContent Vision(GgufFileType type, IEnumerable<GgufEntry> more)
    {
        var vision = _vision ?? throw new InvalidOperationException("There is no such file.");
        GgufEntry has = new("clip.has_vision_encoder", true);
        return new([.. General(VisionArchitecture, "mmproj", type, more), has, .. vision.Keys], [.. vision.Tensors.Select(name =>
            name.Slice is { } slice
                ? Tensor(type, name.InFile, name.InMemory, name.Shape, Without(name.Shape), () => Sliced(name.Shape, slice))
                : Tensor(type, name.InFile, name.InMemory, name.Shape, name.Shape))]);
    }

    /// <inheritdoc/>
    public void Dispose() => _checkpoint.Dispose();

    private static IEnumerable<GgufEntry> General(string architecture, string kind, GgufFileType type, IEnumerable<GgufEntry> more) =>
    [
        new("general.architecture", architecture), new("general.type", kind), .. more,
        new("general.file_type", type.Number), new("general.quantization_version", QuantisationVersion),
    ];

    private GgufTensorSource Tensor(GgufFileType type, string inFile, string inMemory, long[] expected, long[] shape,
        Func<IEnumerable<(long, long)>>? runs = null)
    {
        var (file, entry) = _checkpoint.Find(_inFiles(inMemory));
        if (!entry.Shape.AsSpan().SequenceEqual(expected))
        {
            throw new InputException($"{file.Path}: tensor {entry.Name} has the sizes [{string.Join(", ", entry.Shape)}], "
                + $"expected [{string.Join(", ", expected)}] by config.json. Copy or download the model again.");
        }
        return ConvertedTensor.Source(file, entry, inFile, type.Of(inFile, shape), shape, runs);
    }

    private IEnumerable<GgufTensorSource> Factors()
    {
        if (_decoder.RopeFactors is not { } factors) return [];
        GgufType type = GgufTypes.Named("F32");
        byte[] bytes = new byte[factors.Length * type.BlockBytes];
        type.Write!(factors, bytes);
        return [new(GgufNames.RopeFactors, type, [factors.Length], (target, _) => target.Write(bytes))];
    }

    /// <summary>Row by row where the file has the halves of a head in pairs: row j + s d/2 of a head goes to 2j + s.</summary>
    private Func<IEnumerable<(long, long)>>? Paired(GgufName name)
    {
        if (!_decoder.Architecture.IsPermuted || name.Heads is not { } heads) return null;
        long rows = name.Shape[0], row = name.Shape.Length == 1 ? 1 : name.Shape[1], half = rows / heads / 2;
        return () => from h in Enumerable.Range(0, heads) from j in Enumerable.Range(0, (int)half) from s in Enumerable.Range(0, 2)
                     select ((2 * h * half + s * half + j) * row, row);
    }

    /// <summary>One index along the third dimension of five.</summary>
    private static IEnumerable<(long, long)> Sliced(long[] shape, int slice)
    {
        long inner = shape[3] * shape[4];
        for (long outer = 0; outer < shape[0] * shape[1]; outer++) yield return ((outer * shape[2] + slice) * inner, inner);
    }

    private static long[] Without(long[] shape) => [.. shape[..2], .. shape[3..]];

    /// <summary>A tensor that no row of a table has would be lost without a word.</summary>
    private void CheckNames(Family family)
    {
        var taken = _decoder.Names.Select(name => name.InFolder).Concat(_vision?.Tensors.Select(name => name.InMemory) ?? [])
            .Select(_inFiles).ToHashSet(StringComparer.Ordinal);
        foreach (string name in _checkpoint.Names.Where(name => !taken.Contains(name)).Order(StringComparer.Ordinal))
        {
            var part = family.Names.PartOf(name);
            if (_vision is null && part == ModelPart.Vision) LeftOut++;
            else if (!(part == ModelPart.Head && !_decoder.HasHead) && !GgufDecoder.IsMadeAgain(name))
            {
                throw new InputException($"{_checkpoint.Folder} has a tensor {name}, which a GGUF file of architecture {Architecture} "
                    + "cannot hold: the model is not exported.");
            }
        }
    }
}
