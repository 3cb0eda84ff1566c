namespace Interlace.Vlm.Families;

/// <summary>A tensor's two names.</summary>
/// <param name="InFile">Its name in a GGUF file.</param>
/// <param name="InFolder">Its name in a checkpoint.</param>
/// <param name="Shape">Sizes of its dimensions, the innermost last.</param>
/// <param name="Heads">Number of heads where its rows are queries or keys, which positions turn; null for others.</param>
/// <param name="Part">The part that it belongs to.</param>
internal sealed record GgufName(string InFile, string InFolder, long[] Shape, int? Heads, GgufNames.Part Part)
{
    /// <summary>Whether it belongs to a part that not every model has.</summary>
    public bool IsOf(GgufNames.Part part) => Part == part;
}
