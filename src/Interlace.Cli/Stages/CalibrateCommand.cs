using System.CommandLine;
using System.Text.Json.Nodes;
using Interlace.Calibration;
using Interlace.Vlm;

namespace Interlace.Cli;

/// <summary><c>calibrate MODEL --data D --out RUN</c>: the similarity of every layer and triplet.</summary>
internal static class CalibrateCommand
{
    private static readonly Option<string> Target = StageOptions.Out("Run folder to write similarity.json to.", "RUN");

    public static Verb Create() => new("calibrate", "Measure how similar the input and output of every layer and triplet are, over part of the data.",
    [
        "interlace calibrate models/Qwen3-VL-8B-Instruct --data data/finevision --out run",
        "interlace calibrate models/Qwen3-VL-8B-Instruct --data data/finevision --out run --set calibrate.fraction=0.05",
    ], Run, resumes: true) { ModelOptions.Model, StageOptions.Data, StageOptions.Rate, Target, CommonOptions.Config, CommonOptions.Set };

    private static int Run(Invocation invocation)
    {
        var experiment = invocation.Experiment() with { Model = invocation.Get(ModelOptions.Model) };
        var compute = invocation.Compute();
        using var model = ModelOptions.Open(invocation, compute, experiment.Complete().Data!.MaxPixels);
        using var folder = OutFolder.Open(invocation.Get(Target)!, "calibrate", experiment, invocation.Force);
        string path = Path.Combine(folder.Path, LayerSimilarity.Name);
        if (File.Exists(path)) invocation.Log($"{path} is there already.");
        var similarity = File.Exists(path) ? LayerSimilarity.Load(path) : CalibrationStage.Run(model, compute, experiment, folder.Path, invocation.Progress, invocation.Cancellation);
        var view = new SimilarityView(similarity);
        invocation.Print(() => JsonNode.Parse(similarity.ToJson())!, view.Draw);
        invocation.Log($"Next: interlace plan {folder.Path} --ratio 0.25");
        return ExitCode.Done;
    }
}
