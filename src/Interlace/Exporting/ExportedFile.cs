namespace Interlace.Exporting;

/// <summary>A file that a model was exported to.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Architecture">What it holds, by its <c>general.architecture</c>.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Tensors">Number of its tensors.</param>
/// <param name="Weights">Numbers in all of them.</param>
public sealed record ExportedFile(string Name, string Architecture, long Bytes, int Tensors, long Weights);
