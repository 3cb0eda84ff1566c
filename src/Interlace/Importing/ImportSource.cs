namespace Interlace.Importing;

/// <summary>The file that a model was imported from.</summary>
/// <param name="Name">Its name without folders.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">SHA-256 of its bytes, in lower-case hexadecimal.</param>
public sealed record ImportSource(string Name, long Bytes, string Sha256);
