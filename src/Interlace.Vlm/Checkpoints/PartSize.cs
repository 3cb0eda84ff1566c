namespace Interlace.Vlm.Checkpoints;

/// <summary>Size of one part.</summary>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Bytes">What they take on the disk.</param>
public readonly record struct PartSize(long Parameters, long Bytes);
