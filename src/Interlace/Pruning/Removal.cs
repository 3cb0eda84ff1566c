namespace Interlace.Pruning;

/// <summary>A layer that a search removed, and the loss without it and those before it.</summary>
public readonly record struct Removal(int Layer, double Loss);
