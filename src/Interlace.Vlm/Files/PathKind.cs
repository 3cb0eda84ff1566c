namespace Interlace.Vlm.Files;

/// <summary>What stands at a path, links followed.</summary>
public enum PathKind
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>It cannot be known: a folder on the way may not be entered.</summary>
    Denied,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a socket or a device: reading it may wait for ever or never end.</summary>
    Special,
}
