using Interlace.Artefacts;
using Interlace.Calibration;
using Interlace.Evaluation.Asking;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Pruning;
using Interlace.Runs;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Vlm;

namespace Interlace.Tests.Cases;

/// <summary>
/// What lies in a run folder stands for a stage only where it was made from the plan, the model and the settings at hand;
/// results are never shown under the name of others.
/// </summary>
public sealed class ReplanThenRunTests : IDisposable
{
    private readonly WorkOnDemo _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public void Artefacts_that_were_made_from_something_else_are_refused_by_name_and_those_of_the_run_are_taken_up()
    {
        string run = _work.At("run"), experiment = _work.At("experiment.json");
        var settings = _work.Experiment with { Model = _work.Model, Plan = new(Ratio: 0.25),
            Finetune = _work.Experiment.Finetune! with { MaxSteps = 1 }, Evaluate = _work.Experiment.Evaluate! with { Limit = 2 } };
        File.WriteAllText(experiment, ExperimentFile.ToJson(settings));
        string[] command = ["run", experiment, "--out", run];
        var first = CommandRun.Of(command);
        Assert.True(first.Code == 0, first.Error);
        string again = CommandRun.Of(command).Error;
        foreach (string stage in (string[])["calibrate", "plan", "prune", "evaluate dense", "evaluate dropped", "finetune",
            "evaluate recovered"]) Assert.Contains($"{stage}: done before", again);

        // Another plan, with and without the pruned model's.
        byte[] plan = File.ReadAllBytes(At(PlanFile.Name));
        Assert.Equal(0, CommandRun.Of("plan", run, "--ratio", "0.125", "--seed", "3", "--force").Code);
        Refused(PlanFile.Name, "not the plan");
        File.Copy(At(PlanFile.Name), At(RunFolder.Pruned, PlanFile.Name), overwrite: true);
        File.WriteAllBytes(At(PlanFile.Name), plan);
        Refused(RunFolder.Pruned, "another plan");
        File.WriteAllBytes(At(RunFolder.Pruned, PlanFile.Name), plan);
        Changed(At(RunFolder.Tuned, PlanFile.Name), json => json.Replace("\"seed\": 3", "\"seed\": 4", StringComparison.Ordinal),
            RunFolder.Tuned, "another plan");

        // Other weights under the name of those that were asked.
        foreach (var (model, evaluation) in new[] { (RunFolder.Pruned, "dropped"), (RunFolder.Tuned, "recovered") })
        {
            byte[] weights = File.ReadAllBytes(At(model, "model.safetensors"));
            WorkOnDemo.ChangeWeights(At(model));
            Refused(Path.Combine(RunFolder.Evaluated, evaluation), "its weights differ");
            File.WriteAllBytes(At(model, "model.safetensors"), weights);
        }
        // Artefacts of other settings, as a copied or half deleted folder has them.
        Changed(At(LayerSimilarity.Name), json => json.Replace("\"seed\": 3", "\"seed\": 4", StringComparison.Ordinal),
            LayerSimilarity.Name, "other settings");
        Changed(At(RunFolder.Tuned, "training.json"), json => json.Replace("0.0005", "0.0004", StringComparison.Ordinal), RunFolder.Tuned,
            "other settings");
        Changed(At(RunFolder.Evaluated, "dense", AnswersFile.Name),
            json => json.Replace("\"max_new_tokens\": 4", "\"max_new_tokens\": 5", StringComparison.Ordinal),
            Path.Combine(RunFolder.Evaluated, "dense"), "other settings");
        Changed(At(RunFolder.Evaluated, "dropped", AnswersFile.Name),
            json => json.Replace("\"TinyVQA.tsv\": \"", "\"TinyVQA.tsv\": \"0", StringComparison.Ordinal),
            Path.Combine(RunFolder.Evaluated, "dropped"), "other tables");
        Assert.Equal(0, CommandRun.Of(command).Code);
        WorkOnDemo.ChangeWeights(_work.Model);
        Refused(LayerSimilarity.Name, "its weights differ");

        string At(params string[] parts) => Path.Combine([run, .. parts]);
        void Refused(string artefact, string fault)
        {
            string refusal = CommandRun.Of([.. command, "--quiet"]).Refusal();
            Assert.Contains(Path.Combine(run, artefact), refusal);
            Assert.Contains(fault, refusal);
        }
        void Changed(string path, Func<string, string> change, string artefact, string fault)
        {
            string before = File.ReadAllText(path), changed = change(before);
            Assert.NotEqual(before, changed);
            File.WriteAllText(path, changed);
            Refused(artefact, fault);
            File.WriteAllText(path, before);
        }
    }

    [Fact]
    public void A_matrix_looks_at_its_folders_before_it_begins_to_work()
    {
        string folder = _work.At("matrix");
        var settings = _work.Experiment with { Model = _work.Model, Plan = new(Ratio: 0.25), Evaluate = new(),
            Variants = [new("interlace", Tune: false), new("random", Tune: false)] };
        Run();
        Assert.Contains("All ", string.Join('\n', Run()));
        string variant = Path.Combine(folder, RunFolder.Variants, "random-25");
        PlanFile.Save(PlanStage.Run(LayerSimilarity.Load(Path.Combine(folder, LayerSimilarity.Name)), new("random", 0.125), 3),
            Path.Combine(variant, PlanFile.Name));
        Directory.Delete(Path.Combine(folder, RunFolder.Variants, "interlace-25", RunFolder.Pruned), recursive: true);
        Assert.Contains(Path.Combine(variant, PlanFile.Name), Assert.Throws<InputException>(() => Run()).Message);
        Assert.False(Directory.Exists(Path.Combine(folder, RunFolder.Variants, "interlace-25", RunFolder.Pruned)));

        List<string> Run()
        {
            var lines = new List<string>();
            new Matrix(new Job(settings, Demo.Fp32, lines.Add), folder).Run();
            return lines;
        }
    }
}
