namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>A type in which a model can be written: that of its matrices, by which the file is called.</summary>
/// <param name="Name">Its name on the command line and in names of files.</param>
/// <param name="Number">The file's <c>general.file_type</c>.</param>
/// <param name="Matrices">Type of matrices.</param>
public sealed record GgufFileType(string Name, uint Number, GgufType Matrices)
{
    private static readonly GgufType F32 = GgufTypes.Named("F32"), F16 = GgufTypes.Named("F16");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<GgufFileType> All { get; } =
    [
        new("f32", 0, F32),
        new("f16", 1, F16),
        new("bf16", 32, GgufTypes.Named("BF16")),
        new("q8_0", 7, GgufTypes.Named("Q8_0")),
    ];

    /// <summary>The type of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static GgufFileType Named(string name) => All.FirstOrDefault(type => type.Name == name)
        ?? throw new InputException($"The type is '{name}', expected {string.Join(", ", All.Select(type => type.Name))}.");

    /// <summary>The type of one tensor: what is small, or added where its rounding would spread, keeps every bit.</summary>
    /// <param name="name">The tensor's name in the file.</param>
    /// <param name="shape">Its sizes, the innermost last.</param>
    public GgufType Of(string name, long[] shape)
    {
        bool whole = shape.Length == 1 || !name.Contains(".weight", StringComparison.Ordinal)
            || name.EndsWith("_norm.weight", StringComparison.Ordinal)
            || name.Contains("position_embd", StringComparison.Ordinal) || name.Contains("patch_embd", StringComparison.Ordinal);
        // Blocks do not go over the end of a row.
        return whole ? F32 : shape[^1] % Matrices.BlockValues == 0 ? Matrices : F16;
    }
}
