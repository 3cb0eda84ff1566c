namespace Interlace.Artefacts;

/// <summary>A JSON artefact: it names its format first.</summary>
internal interface IArtefact
{
    /// <summary>Name and version of the format.</summary>
    string Format { get; }
}
