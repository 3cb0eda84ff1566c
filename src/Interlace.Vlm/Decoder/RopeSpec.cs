namespace Interlace.Vlm.Decoder;

/// <summary>
/// The rotary position embedding of a decoder: frequency i turns a pair of values of each head by its product with a position.
/// </summary>
/// <param name="Size">Values of a head that are turned; even.</param>
/// <param name="Theta">Frequency i is theta^(-2 i / size), before scaling.</param>
internal sealed record RopeSpec(int Size, double Theta)
{
    /// <summary>Changes the frequencies for long texts; null where they stay.</summary>
    public Func<float, double>? Scale { get; init; }

    /// <summary>
    /// For each of the size / 2 frequencies the axis of the position that it turns by: 0 time, 1 height, 2 width. Null where a position is
    /// one number.
    /// </summary>
    public int[]? Axes { get; init; }

    /// <summary>Tokens up to which the frequencies are right; null where that is any number.</summary>
    public int? LongestSequence { get; init; }

    /// <summary>Numbers of a position.</summary>
    public int AxisCount => Axes is null ? 1 : 3;

    /// <summary>
    /// Sections of frequencies one after another (Qwen2-VL): the first turn by the time, the next by the height, the last by the width.
    /// </summary>
    public static int[] Sections(IReadOnlyList<int> sections) =>
        [.. sections.Index().SelectMany(section => Enumerable.Repeat(section.Index, section.Item))];

    /// <summary>
    /// Interleaved sections (Qwen3-VL): frequencies turn by the time, but every third from 1 on by the height and from 2 on by the width,
    /// up to three times their sections.
    /// </summary>
    public static int[] Interleaved(IReadOnlyList<int> sections)
    {
        int[] axes = new int[sections.Sum()];
        for (int axis = 1; axis <= 2; axis++)
            for (int i = axis; i < 3 * sections[axis]; i += 3) axes[i] = axis;
        return axes;
    }
}
