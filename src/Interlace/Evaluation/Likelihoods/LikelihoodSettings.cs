using Interlace.Experiments;
using Interlace.Vlm.Engine;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>What decides likelihoods besides model and files.</summary>
/// <param name="TextTokens">Tokens of the window that is taken of a text.</param>
/// <param name="MaxTokens">Most tokens of a context with a choice.</param>
/// <param name="Limit">At most this many rows of each file.</param>
/// <param name="Device">cpu or cuda.</param>
/// <param name="Dtype">Type of the computation.</param>
public sealed record LikelihoodSettings(int TextTokens, int MaxTokens, int? Limit, string Device, string Dtype)
{
    /// <summary>Those of an experiment.</summary>
    public static LikelihoodSettings Of(Experiment experiment, Compute compute)
    {
        var (options, data) = (experiment.Complete().Evaluate!, experiment.Complete().Data!);
        return new(options.TextTokens, data.MaxTokens, options.Limit, compute.Device.type.ToString().ToLowerInvariant(), compute.TypeName);
    }
}
