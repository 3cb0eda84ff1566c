using System.Globalization;
using System.Text.RegularExpressions;

namespace Interlace.Experiments;

/// <summary>
/// One line of a matrix of experiments: a method, how much it takes away, and whether what is left is tuned.
/// What is absent is as the experiment says.
/// </summary>
/// <param name="Method">A selection method, or one of weight sparsity.</param>
/// <param name="Ratio">Part of the layers to drop.</param>
/// <param name="Pattern">Of weight sparsity: 2:4, 4:8, or the fraction of each row that becomes zero.</param>
/// <param name="Tune">Tune the plan's layers and ask the tuned model; false: ask the model as it is after removal. Absent:
/// tune where the method names layers to tune.</param>
/// <param name="Seed">Seed of the method's choice and of the tuning.</param>
/// <param name="Selection">greedy or optimal.</param>
/// <param name="Tokens">all, image, prompt or answer.</param>
/// <param name="Protect">Never drop the layers that receive visual features by position.</param>
/// <param name="Protocol">limited or cot.</param>
/// <param name="Rounds">Drop, tune and measure again so many times.</param>
/// <param name="Bridge">Bridge the dropped layers in closed form.</param>
/// <param name="Objective">language, or window-mse: what the tuning makes least.</param>
/// <param name="Distill">Weight of the divergence from what the unpruned model predicts in the tuning's loss.</param>
/// <param name="Set">Other values of the tuning, such as <c>finetune.lora=16</c>, and of the plan, such as <c>plan.tune=behind</c>.</param>
public sealed partial record Variant(
    string? Method = null, double? Ratio = null, string? Pattern = null, bool? Tune = null, int? Seed = null, string? Selection = null,
        string? Tokens = null, bool? Protect = null, string? Protocol = null,
    int? Rounds = null, double? Distill = null, [property: LaterOption] bool? Bridge = null,
    [property: LaterOption] string? Objective = null, [property: LaterOption] string[]? Set = null)
{
    private const string Tuning = "finetune.";

    private static readonly string[] OfThePlan =
        ["plan.protect_sinks", "plan.longest_run", "plan.candidates", "plan.tune", "plan.best_of", "plan.best_by"];

    /// <summary>How weights are made sparse; null where the line drops layers.</summary>
    public SparsityOptions? SparsityIn(Experiment experiment) =>
        SparsityOptions.Methods.Contains(Method)
            ? new(Method!, Pattern ?? new SparsityOptions().Pattern, experiment.Complete().Calibrate!.EvidenceSamples)
            : null;

    /// <summary>The experiment of this line alone.</summary>
    /// <exception cref="Vlm.InputException">What is set besides is no value of the tuning, or a wrong one.</exception>
    public Experiment In(Experiment experiment) => (Set ?? []).Aggregate(WithMembers(experiment), (line, assignment) =>
        assignment.StartsWith(Tuning, StringComparison.Ordinal) || OfThePlan.Contains(assignment.Split('=')[0].Trim())
            ? ExperimentFile.Set(line, assignment)
            : throw new Vlm.InputException($"A line of variants sets '{assignment}': only values of finetune can be set for one line, "
                + $"such as {Tuning}lora=16, and {string.Join(", ", OfThePlan)}."));

    private Experiment WithMembers(Experiment experiment)
    {
        var whole = experiment.Complete();
        var plan = whole.Plan!;
        return whole with
        {
            Variants = null,
            Seed = Seed ?? whole.Seed,
            Plan = plan with { Method = Method ?? plan.Method, Ratio = Ratio ?? plan.Ratio, Selection = Selection ?? plan.Selection,
            Tokens = Tokens ?? plan.Tokens, Protect = Protect ?? plan.Protect, Rounds = Rounds ?? plan.Rounds },
            Prune = whole.Prune! with { Bridge = Bridge ?? whole.Prune.Bridge },
            Finetune = whole.Finetune! with
            {
                Distill = Distill ?? whole.Finetune.Distill, Objective = Objective ?? whole.Finetune.Objective,
            },
            Evaluate = whole.Evaluate! with { Protocol = Protocol ?? whole.Evaluate.Protocol },
        };
    }

    /// <summary>Name of the folder of its plan and models, such as <c>interlace-25</c> or <c>wanda-2of4</c>:
    /// lines that differ only in tuning or in how they are asked share it.</summary>
    public string FolderIn(Experiment experiment)
    {
        var (base_, own) = (experiment.Complete(), In(experiment));
        string name = SparsityIn(experiment) is { } sparsity
            ? $"{sparsity.Method}-{sparsity.Pattern.Replace(":", "of", StringComparison.Ordinal)}"
            : $"{own.Plan!.Method}-{(100 * own.Plan!.Ratio).ToString("0.##", CultureInfo.InvariantCulture)}";
        if (own.Plan!.Selection != base_.Plan!.Selection) name += $"-{own.Plan.Selection}";
        if (own.Plan.Tokens != base_.Plan.Tokens) name += $"-{own.Plan.Tokens}";
        if (own.Plan.Protect != base_.Plan.Protect) name += own.Plan.Protect ? "-protected" : "-unprotected";
        if (own.Plan.Rounds != base_.Plan.Rounds) name += $"-rounds{own.Plan.Rounds.ToString(CultureInfo.InvariantCulture)}";
        if (own.Prune!.Bridge != base_.Prune!.Bridge) name += own.Prune.Bridge ? "-bridged" : "-unbridged";
        if (own.Finetune!.Objective != base_.Finetune!.Objective) name += $"-{own.Finetune.Objective}";
        if (own.Finetune!.Distill != base_.Finetune!.Distill)
            name += $"-distill{(100 * own.Finetune.Distill).ToString("0.##", CultureInfo.InvariantCulture)}";
        foreach (string assignment in Set ?? []) name += $"-{NotInNames().Replace(assignment[(assignment.IndexOf('.') + 1)..], "-")}";
        return own.Seed == base_.Seed ? name : $"{name}-seed{own.Seed.ToString(CultureInfo.InvariantCulture)}";
    }

    /// <summary>Name of the evaluation of a model under this line's protocol: the model's alone under the experiment's own.</summary>
    public string EvaluationIn(Experiment experiment, string model) =>
        In(experiment).Evaluate!.Protocol is var protocol && protocol == experiment.Complete().Evaluate!.Protocol
            ? model
            : $"{model}-{protocol}";

    [GeneratedRegex("[^A-Za-z0-9.]+")]
    private static partial Regex NotInNames();
}
