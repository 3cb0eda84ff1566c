using Interlace.Evaluation.Comparing;

namespace Interlace.Reporting.Paper;

/// <summary>Likelihoods of one model and what was made of it, under one setting.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Setting">How they were taken, in words.</param>
/// <param name="Models">The model as it is first, where it was measured, then the others in the order of the paper's tables.</param>
internal sealed record LikelihoodResults(string Model, string Setting, IReadOnlyList<ModelLikelihoods> Models)
{
    /// <summary>The settings of all models.</summary>
    public static IReadOnlyList<LikelihoodResults> Of(IReadOnlyList<FoundModel> models) => [.. models.SelectMany(model =>
        model.Likelihoods.GroupBy(measured => measured.Setting)
            .Select(group => new LikelihoodResults(model.Name, group.Key, Rows(model, [.. group]))))];

    /// <summary>Their sections.</summary>
    public static IEnumerable<Section> Sections(IReadOnlyList<LikelihoodResults> all, IReadOnlyList<FoundModel> models)
    {
        string[] remarks = [.. models.SelectMany(model => model.Likelihoods).SelectMany(measured => measured.Run.File.Remarks)
            .Distinct(StringComparer.Ordinal)];
        return all.Index().Select(entry => LikelihoodSections.Of(entry.Item.Models, entry.Index,
            $"{entry.Item.Model}; {entry.Item.Setting}.", entry.Index == 0 ? remarks : []));
    }

    private static ModelLikelihoods[] Rows(FoundModel model, LikelihoodModel[] measured)
    {
        LikelihoodModel[] dense = [.. measured.Where(run => run.Treatment == Treatment.Dense)];
        (LikelihoodRun, LikelihoodRun?) Beside(LikelihoodModel run) =>
            (run.Run, (dense.FirstOrDefault(other => other.Root == run.Root) ?? dense.FirstOrDefault())?.Run);
        return [.. measured.GroupBy(run => run.Treatment)
            .OrderByDescending(group => group.Key == Treatment.Dense).ThenBy(group => group.Key.Place)
            .ThenBy(group => group.Key.Detail, StringComparer.Ordinal).ThenBy(group => group.Key.Pattern, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Dropped).ThenBy(group => group.Key.Tuned)
            .Select(group => ModelLikelihoods.Of(
                RunScan.LabelOf(group.Key, group.Select(run => run.Ratio).FirstOrDefault(ratio => ratio is not null), model.Layers),
                // the model as it is is one model, however often it was measured
                [.. group.Take(group.Key == Treatment.Dense ? 1 : int.MaxValue).Select(Beside)]))];
    }
}
