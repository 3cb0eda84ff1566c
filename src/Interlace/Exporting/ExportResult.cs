namespace Interlace.Exporting;

/// <summary>What an export wrote, or found written.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Type">Type of the matrices: f32, f16, bf16 or q8_0.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Files">The files, the decoder's first.</param>
/// <param name="Note">What a reader must know of the files; null where there is nothing.</param>
public sealed record ExportResult(string Folder, string Type, int Layers, IReadOnlyList<ExportedFile> Files, string? Note);
