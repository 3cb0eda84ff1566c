using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>No command deletes what it reads or what Interlace did not make: each is refused before anything is touched.</summary>
public sealed class ForceDeletesInputsTests(DemoRun finished) : IClassFixture<DemoRun>, IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<string, string> Commands => new()
    {
        // An output that is or holds an input.
        { "evaluate run/tuned --benchmarks BENCH --limit 2 --out run --force", "" },
        { "evaluate run/tuned --benchmarks BENCH --limit 2 --out run", "" },
        { "calibrate run/pruned --data DATA --rate 0.05 --out run --force", "" },
        { "calibrate M --data run/fv --rate 0.05 --out run --force", "DATA>run/fv" },
        { "evaluate M --benchmarks run/BENCH --limit 1 --out run --force", "BENCH>run/BENCH" },
        { "evaluate M --benchmarks BENCH --limit 1 --config run/e.json --out run --force", "{}>run/e.json" },
        { "run run/in/e.json --out run --force", "experiment>run/in/e.json" },
        { "score run/preds.jsonl --kind yes-no --table BENCH/TinyPOPE.tsv --out run --force",
        "run/evaluated/recovered/predictions/TinyPOPE.jsonl>run/preds.jsonl" },
        { "score BENCH/TinyPOPE.tsv --kind yes-no --table run/T.tsv --out run --force", "BENCH/TinyPOPE.tsv>run/T.tsv" },
        { "paper run/pruned --data DATA --benchmarks BENCH --out run --force", "" },
        { "prune M --plan run --out run --force", "" },
        { "prune M --plan M/plan.json --out M --force", "run/plan.json>M/plan.json" },
        { "prune M/ --plan run --out M/in", "" },
        { "prune M --plan run --out link --force", "link" },
        { "prune DIR/M --plan run --out DIR/ --force", "M>DIR/M" },
        { "prune L/M --plan run --out DIR --force", "M>DIR/M L" },
        { "sparsify DIR/M --method magnitude --out DIR/ --force", "M>DIR/M" },
        { "sparsify M --data DATA --rate 1 --calibration 4 --out DATA --force", "" },
        { "finetune run/pruned --data DATA --rate 0.05 --max-steps 2 --out run/pruned --force", "" },
        { "finetune run/pruned --data DATA --rate 0.05 --max-steps 2 --out run --force", "" },
        { "finetune run/pruned --data DATA --rate 0.05 --max-steps 2 --out DATA --force", "" },
        { "finetune run/pruned --data DATA --rate 0.05 --max-steps 1 --distill 0.5 --parent DIR/M --out DIR --force", "M>DIR/M" },
        { "finetune run/pruned --data my.training/fv --rate 0.05 --max-steps 1 --out my", "DATA>my.training/fv" },
        { "latency run/tuned --benchmarks BENCH --samples 1 --warm-up 0 --new-tokens 1 --only TinyVQA --out run/tuned --force", "" },
        // Files.
        { "plan run --out run/similarity.json --force", "" },
        { "plan run --out M/config.json --force", "" },
        { "trace M --input m.json --out m.json --force", "messages>m.json" },
        { "trace M --input m.json --out M/model.safetensors --force", "messages>m.json" },
        { "trace run/pruned --input m.json --out M/model.safetensors --force", "messages>m.json" },
        { "latency M --benchmarks BENCH --samples 1 --out HOME --force", "{}>HOME/latency.json" },
        // What Interlace did not make.
        { "prune M --plan run --out HOME --force", "mine>HOME/thesis/a.txt" },
        { "sparsify M --method magnitude --out HOME --force", "mine>HOME/thesis/a.txt" },
        { "finetune run/pruned --data DATA --rate 0.05 --max-steps 1 --out HOME --force", "mine>HOME/thesis/a.txt" },
        { "evaluate M --benchmarks BENCH --limit 1 --only TinyVQA --out HOME --force", "mine>HOME/thesis/a.txt" },
        { "calibrate M --data DATA --rate 0.05 --out HOME --force", "mine>HOME/thesis/a.txt" },
        { "demo --out HOME --force", "mine>HOME/thesis/a.txt" },
        { "report run --out M --force", "" },
        { "prune M --plan run --out run/tuned --force", "mine>run/tuned/mine/a.txt" },
        { "prune M --plan run --out M2 --force", "M>M2" },
        { "finetune run/pruned --data DATA --rate 0.05 --max-steps 1 --out my", "mine>my.training/notes.txt" },
        { "prune M --plan run --out x", "mine>x.partial/a" },
        { "sparsify M --method magnitude --out x", "mine>x.partial/a" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void Nothing_that_is_read_or_not_ours_is_deleted(string command, string also)
    {
        foreach (string folder in (string[])["run", "M", "DATA", "BENCH"]) DemoRun.Copy(finished.At(folder), At(folder));
        foreach (string more in also.Split(' ', StringSplitOptions.RemoveEmptyEntries)) Arrange(more);
        var before = Content();
        string[] arguments = [.. command.Split(' ').Select((word, i) => i == 0 || word.StartsWith('-') ? word : Here(word))];
        string message = CommandRun.Of([.. arguments, "--dtype", "fp32"]).Refusal();
        Assert.Matches("is read by this command|which this command reads|did not make|holds no run of Interlace|holds no report|is no plan|is no trace|is no measurement|is a file", message);
        Assert.Equal(before, Content());
    }

    [Fact]
    public void A_user_s_folder_beside_the_output_stays_where_the_output_needs_no_such_name()
    {
        DemoRun.Copy(finished.At("M"), At("M"));
        Arrange("mine>x.replaced/a");
        Assert.Equal(0, CommandRun.Of("prune", At("M"), "--plan", finished.At("run"), "--out", At("x")).Code);
        Assert.Equal("mine", File.ReadAllText(At("x.replaced", "a")));
    }

    [Fact]
    public void A_model_that_Interlace_made_is_replaced_and_that_is_said()
    {
        DemoRun.Copy(finished.At("run"), At("run"));
        var run = CommandRun.Of("prune", finished.At("M"), "--plan", At("run"), "--out", At("run", "tuned"), "--force");
        Assert.Equal(0, run.Code);
        Assert.Contains($"--force: the model in {At("run", "tuned")} is deleted", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("run", "tuned", "training.json")));
    }

    private string At(params string[] parts) => Path.Combine([_scratch.Path, .. parts]);

    /// <summary>A word of the command as a path where it is one of the test's own.</summary>
    private string Here(string word) =>
        Path.Exists(At(word)) || word.Contains('/') || word is "x" or "my" or "M2" or "HOME" ? _scratch.Path + "/" + word : word;

    private void Arrange(string what)
    {
        if (what is "link" or "L")
        {
            Directory.CreateSymbolicLink(At(what), what == "L" ? At("DIR") : At("M"));
            return;
        }
        string[] sides = what.Split('>');
        string to = At(sides[1]);
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        if (Directory.Exists(At(sides[0]))) DemoRun.Copy(At(sides[0]), to);
        else if (File.Exists(At(sides[0]))) File.Copy(At(sides[0]), to);
        else File.WriteAllText(to, sides[0] switch
        {
            "messages" => """{"messages":[{"role":"user","content":"hi"}]}""",
            "experiment" => "{\"model\": \"" + At("M") + "\", \"data\": {\"path\": \"" + At("DATA") + "\", \"rate\": 0.02}}",
            var text => text,
        });
    }

    private SortedDictionary<string, long> Content()
    {
        var files = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(_scratch.Path, "*", SearchOption.AllDirectories))
            files[Path.GetRelativePath(_scratch.Path, file)] = new FileInfo(file).Length;
        return files;
    }
}
