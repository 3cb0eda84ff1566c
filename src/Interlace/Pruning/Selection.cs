namespace Interlace.Pruning;

/// <summary>How disjoint triplets are picked: by falling similarity (the paper),
/// or so that their similarities have the largest sum.</summary>
public enum Selection
{
    /// <summary>By falling similarity.</summary>
    Greedy,

    /// <summary>The disjoint triplets whose similarities have the largest sum.</summary>
    Optimal,
}
