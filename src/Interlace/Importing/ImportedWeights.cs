namespace Interlace.Importing;

/// <summary>Weights of one type in a file that was imported.</summary>
/// <param name="Type">The type's name in ggml.</param>
/// <param name="Bits">Bits of a quantised number, or of the float where nothing is quantised.</param>
/// <param name="IsQuantised">The file holds integers with scales, not the numbers themselves.</param>
/// <param name="Count">Number of weights.</param>
public sealed record ImportedWeights(string Type, int Bits, bool IsQuantised, long Count);
