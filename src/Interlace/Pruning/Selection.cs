namespace Interlace.Pruning;

/// <summary>How disjoint triplets are picked: by falling similarity (the paper),
/// or so that their similarities have the largest sum.</summary>
public enum Selection { Greedy, Optimal }
