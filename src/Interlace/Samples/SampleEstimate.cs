namespace Interlace.Samples;

/// <summary>What a sample will take of a data set.</summary>
/// <param name="Set">Its name.</param>
/// <param name="Files">Its files.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Drawn">Rows that are drawn.</param>
/// <param name="Bytes">About how many bytes these take.</param>
/// <param name="WholeBytes">Bytes of all files.</param>
public sealed record SampleEstimate(string Set, int Files, long Rows, long Drawn, long Bytes, long WholeBytes);
