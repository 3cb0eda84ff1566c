namespace Interlace.Vlm.Hub;

/// <summary>What a repository of the hub holds.</summary>
public enum HubKind
{
    /// <summary>A model.</summary>
    Model,

    /// <summary>A data set.</summary>
    DataSet,
}
