using System.CommandLine;
using Interlace.Experiments;
using Interlace.Pruning.Sparsity;
using Interlace.Vlm.Checkpoints;

namespace Interlace.Cli;

/// <summary><c>sparsify MODEL --data D --out DIR</c>: the same model with part of its decoder's weights zero.</summary>
internal static class SparsifyCommand
{
    private static readonly SparsityOptions Standard = new();
    private static readonly Option<string> Method =
        new("--method") { Description = $"{SparsityOptions.Wanda}: importance by weight and input; {SparsityOptions.Magnitude}: "
            + "by weight alone, without data.", HelpName = "method", DefaultValueFactory = _ => Standard.Method };
    private static readonly Option<string> Pattern =
        new("--pattern") { Description = "2:4, 4:8 or another N:M: N of every M consecutive weights of a row become zero; "
            + "or a fraction of every row, such as 0.5.", HelpName = "pattern", DefaultValueFactory = _ => Standard.Pattern };
    private static readonly Option<string> Target = StageOptions.Out("Model folder to write.", "DIR");

    private static readonly Option<int?> Calibration = CommonOptions.Parsed<int?>("--calibration",
        $"At most this many of the samples that calibrate would take, spread over the data sets (default: {Standard.MaxSamples}).",
        text => int.TryParse(text, out int samples) && samples > 0 ? samples : null, "a positive whole number");

    public static Verb Create() =>
        new("sparsify",
            "Write a model whose decoder weights are partly zero, by Wanda or by magnitude: a baseline, no faster without sparse kernels.",
    [
        "interlace sparsify models/Qwen3-VL-8B-Instruct --data data/finevision --out run/wanda",
        "interlace sparsify models/Qwen3-VL-8B-Instruct --method magnitude --pattern 4:8 --out run/magnitude",
    ], Run) { ModelOptions.Model, Method, Pattern, StageOptions.Data, StageOptions.Rate, Calibration, Target, CommonOptions.Config,
        CommonOptions.Recipe, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        var options = new SparsityOptions(invocation.Get(Method)!, invocation.Get(Pattern)!,
            invocation.Get(Calibration) ?? Standard.MaxSamples);
        var experiment = invocation.Hub.LocalData(invocation.Experiment());
        string model = invocation.Hub.Model(invocation.Get(ModelOptions.Model)), target = invocation.Get(Target)!;
        invocation.CheckOut(target, [model, .. experiment.InputPaths()]);
        var record = SparsifyStage.Run(model, target, invocation.Job(experiment), options, invocation.Force);
        invocation.Print(() => StrictJson.Parse(record.ToJson())!, new SparsityView(record).Draw);
        return ExitCode.Done;
    }
}
