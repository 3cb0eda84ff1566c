using Interlace.Vlm.Checkpoints;

namespace Interlace.Vlm.Families;

/// <summary>What the names of a part's tensors begin with.</summary>
/// <param name="Part">The part; of the decoder's tensors, that of what is neither a layer nor the embedding.</param>
/// <param name="InMemory">The beginning as transformers 5 has it in memory, by which the code asks for parameters.</param>
/// <param name="Published">Beginnings in files, where they differ.</param>
internal sealed record NameRule(ModelPart Part, string InMemory, params string[] Published)
{
    /// <summary>All beginnings, the longest first: a shorter one may begin a longer one.</summary>
    public IEnumerable<string> All => Published.Prepend(InMemory).OrderByDescending(name => name.Length);
}
