using Interlace.Evaluation;
using Interlace.Evaluation.Tables;
using Interlace.Experiments;
using Interlace.Jobs;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Evaluation.Tables;

public class BadRowsTests
{
    [Fact]
    public void Rows_without_a_usable_image_are_counted_and_the_others_answered()
    {
        using var scratch = new ScratchFolder();
        string demo = Path.Combine(Shared.Repository, "assets/demo");
        string[] lines = File.ReadAllLines(Path.Combine(demo, "benchmarks/TinyVQA.tsv"))[..6];
        int image = Array.IndexOf(lines[0].Split('\t'), "image");
        string With(string line, string cell)
        {
            string[] cells = line.Split('\t');
            cells[image] = cell;
            return string.Join('\t', cells);
        }
        string noImage = Convert.ToBase64String(new byte[60]), foreign = "no-such-row";
        File.WriteAllLines(scratch.At("tables", "Small.tsv"), [lines[0], lines[1], With(lines[2], noImage), With(lines[3], foreign), With(lines[4], ""), lines[5]]);
        File.WriteAllText(scratch.At("tables", Benchmarks.RowsFile), """{ "benchmarks": [{ "name": "Small", "file": "Small.tsv", "kind": "vqa" }] }""");
        using var loaded = LoadedModel.Open(Path.Combine(demo, "model"), CPU, ScalarType.Float32);
        var experiment = new Experiment(Model: loaded.Folder, Evaluate: new(scratch.At("tables"), MaxNewTokens: 3));
        var result = Assert.Single(new Evaluator(loaded, new Job(experiment, Demo.Fp32), scratch.At("run")).Run().Benchmarks);
        Assert.Equal(2, result.Rows);
        Assert.Equal((2, 1), (result.Skipped["undecodable image"], result.Skipped["missing image"]));
    }
}
