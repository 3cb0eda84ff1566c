namespace Interlace.Experiments;

/// <summary>
/// Marks an option that came after the first release. Artefacts leave it out where it has its default,
/// so that those of earlier releases keep their bytes and their hashes; the record of an experiment shows it always.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class LaterOptionAttribute : Attribute;
