namespace Interlace.Vlm.Checkpoints.Gguf;

/// <summary>The element types of GGUF files that are understood: one row each.</summary>
public static class GgufTypes
{
    private const float LargestHalf = 65504;   // also of a block's scale

    /// <summary>All of them, by their number.</summary>
    public static IReadOnlyList<GgufType> All { get; } =
    [
        new(0, "F32", 32, 1, 4, PlainNumbers.F32, PlainNumbers.ToF32, float.MaxValue),
        new(1, "F16", 16, 1, 2, PlainNumbers.F16, PlainNumbers.ToF16, LargestHalf),
        new(2, "Q4_0", 4, 32, 18, SmallBlocks.Q4_0),
        new(3, "Q4_1", 4, 32, 20, SmallBlocks.Q4_1),
        new(6, "Q5_0", 5, 32, 22, SmallBlocks.Q5_0),
        new(7, "Q5_1", 5, 32, 24, SmallBlocks.Q5_1),
        new(8, "Q8_0", 8, 32, 34, SmallBlocks.Q8_0, SmallBlocks.ToQ8_0, 127 * LargestHalf),
        new(12, "Q4_K", 4, 256, 144, SuperBlocks.Q4_K),
        new(14, "Q6_K", 6, 256, 210, SuperBlocks.Q6_K),
        new(30, "BF16", 16, 1, 2, PlainNumbers.BF16, PlainNumbers.ToBF16, PlainNumbers.LargestBF16),
    ];

    /// <summary>Names of numbers that no row has, for messages.</summary>
    private static readonly Dictionary<uint, string> Others = new()
    {
        [9] = "Q8_1", [10] = "Q2_K", [11] = "Q3_K", [13] = "Q5_K", [15] = "Q8_K", [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS",
        [19] = "IQ1_S", [20] = "IQ4_NL", [21] = "IQ3_S", [22] = "IQ2_S", [23] = "IQ4_XS", [24] = "I8", [25] = "I16", [26] = "I32",
        [27] = "I64", [28] = "F64", [29] = "IQ1_M", [34] = "TQ1_0", [35] = "TQ2_0", [39] = "MXFP4",
    };

    /// <summary>The type of a name in ggml.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static GgufType Named(string name) =>
        All.FirstOrDefault(type => type.Name == name) ?? throw new ArgumentException($"no type {name}", nameof(name));

    /// <summary>The type of a number, or null where it is not understood.</summary>
    public static GgufType? Find(uint id) => All.FirstOrDefault(type => type.Id == id);

    /// <summary>What a number is called, understood or not.</summary>
    public static string NameOf(uint id) => Find(id)?.Name ?? Others.GetValueOrDefault(id, $"number {id}");
}
