using Interlace.Calibration;

namespace Interlace.Pruning;

/// <summary>The stage <c>plan</c>: <c>similarity.json</c> -> <c>plan.json</c>. It reads numbers only, so it takes milliseconds.</summary>
public static class PlanStage
{
    /// <summary>The plan that the options ask for.</summary>
    /// <exception cref="PlanException">No such method, a wrong ratio, or more layers than the method can drop.</exception>
    public static PruningPlan Run(LayerSimilarity similarity, PlanOptions options, int seed)
    {
        var selection = options.Selection switch
        {
            "greedy" => Selection.Greedy,
            "optimal" => Selection.Optimal,
            _ => throw new PlanException($"The selection is '{options.Selection}': choose greedy or optimal."),
        };
        var evidence = Evidence.Of(similarity, options.Tokens, options.Protect ? similarity.VisualLevels : 0, seed);
        return Methods.Plan(options.Method, evidence, options.Ratio, new(selection), similarity.Inputs.Model);
    }
}
