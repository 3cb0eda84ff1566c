namespace Interlace.Pruning;

/// <summary>What a method reads of the evidence.</summary>
[Flags]
public enum EvidenceNeeds
{
    /// <summary>Nothing but the number of layers.</summary>
    None = 0,

    /// <summary>Cosine of input and output of each layer.</summary>
    LayerSimilarity = 1,

    /// <summary>Cosine of input and output of three neighbouring layers.</summary>
    TripletSimilarity = 2,

    /// <summary>Cosine of input and output of neighbouring layers, any number of them.</summary>
    WindowSimilarity = 4,

    /// <summary>Angle by which neighbouring layers turn the last token.</summary>
    WindowAngle = 8,

    /// <summary>The order of a finished search that removes one layer after another.</summary>
    RemovalOrder = 16,

    /// <summary>The loss without each layer.</summary>
    LossWithout = 32,

    /// <summary>First-order importance of each layer, from gradients.</summary>
    GradientImportance = 64,

    /// <summary>Importance of each layer, from its weights alone.</summary>
    WeightImportance = 128,

    /// <summary>Losses without sets of layers that the method asks for.</summary>
    MeasuredLosses = 256,

    /// <summary>Losses of whole plans.</summary>
    PlanLosses = 512,
}
