using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>A plan that cannot be made or cannot be used: one sentence with the number that stands in the way.</summary>
public sealed class PlanException(string message, Exception? inner = null) : InputException(message, inner)
{
    /// <summary>The refusal of a drop count that a method cannot reach on this model; it names the largest ratio that works.</summary>
    internal static PlanException TooMany(Evidence evidence, int dropCount, int largest, string reason) => new(
        $"{dropCount} of {evidence.LayerCount} layers cannot be dropped: {reason}, so at most {largest} can; "
        + "the largest possible ratio is "
        + $"{DropCount.RatioFor(largest, evidence.LayerCount)}{(largest == 0 ? ", this method needs a model with more layers" : "")}.");

    /// <summary>The refusal of a method whose evidence was not measured.</summary>
    internal static PlanException Missing(string name) =>
        new($"This method needs the evidence {name}, which is not there: "
            + $"measure it with calibrate MODEL --data DATA --out RUN --evidence {name}.");
}
