namespace Interlace.Pruning;

/// <summary>What a method reads of the evidence.</summary>
[Flags]
public enum EvidenceNeeds { None = 0, LayerSimilarity = 1, TripletSimilarity = 2, WindowSimilarity = 4, WindowAngle = 8, RemovalOrder = 16,
    LossWithout = 32, GradientImportance = 64, WeightImportance = 128, MeasuredLosses = 256, PlanLosses = 512 }
