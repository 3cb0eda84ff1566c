namespace Interlace.Reporting;

/// <summary>What a plan does with a layer.</summary>
public enum LayerRole
{
    /// <summary>Kept as it is.</summary>
    Frozen,

    /// <summary>Removed.</summary>
    Drop,

    /// <summary>Kept and fine-tuned.</summary>
    Tune,

    /// <summary>The third layer of a chosen triplet: kept as it is, so that the tuned layer has a fixed target (paper 3.3).</summary>
    Anchor,

    /// <summary>Kept as it is, and no method may drop it.</summary>
    Protected,
}
