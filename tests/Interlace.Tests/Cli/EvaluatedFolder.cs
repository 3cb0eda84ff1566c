using Interlace.Artefacts;
using Interlace.Evaluation.Asking;
using Interlace.Evaluation.Tables;

namespace Interlace.Tests.Cli;

/// <summary>Folders as the evaluate command leaves them before scoring, made without a model.</summary>
internal static class EvaluatedFolder
{
    /// <summary>Forty questions of known benchmarks: AI2D (choice, group Text/Chart), ChartQA (relaxed, Text/Chart) and POPE (yes or no, GVQA).</summary>
    public static string Tables(ScratchFolder scratch)
    {
        string rows = "index\tquestion\tanswer\tA\tB\n", numbers = "index\tquestion\tanswer\n", yes = "index\tquestion\tanswer\n";
        for (int i = 0; i < 40; i++)
        {
            rows += $"{i}\twhich {i}?\tA\ta cat\ta dog\n";
            numbers += $"{i}\thow many?\t{i + 10}\n";
            yes += $"{i}\tIs it?\t{(i % 2 == 0 ? "Yes" : "No")}\n";
        }
        File.WriteAllText(scratch.At("tables", "AI2D_TEST.tsv"), rows);
        File.WriteAllText(scratch.At("tables", "ChartQA_TEST.tsv"), numbers);
        File.WriteAllText(scratch.At("tables", "POPE.tsv"), yes);
        return scratch.At("tables");
    }

    /// <summary>Answers of which every question whose number is below its benchmark's is right; the others are wrong in the way that <paramref name="wrong"/> says.</summary>
    public static string Make(string folder, string tables, ModelHistory? history, Dictionary<string, int> right, string wrong = "wrong", int maxNewTokens = 50)
    {
        using var set = TableSet.Open(Benchmarks.In(tables, [.. right.Keys]));
        new AnswersFile(AnswersFile.CurrentFormat, ProgramVersion.CreatedBy, new("limited", maxNewTokens, "dataset", null, null, "cpu", "fp32"), 0,
            new(new("c", "t", new Dictionary<string, long>()), set.Md5, history), tables).Save(Path.Combine(folder, AnswersFile.Name));
        foreach (var (benchmark, table) in set.Tables)
        {
            using var answers = AnswerFile.Open(Path.Combine(folder, "predictions", benchmark.Name + ".jsonl"));
            foreach (var (i, row) in table.Rows.Index())
                answers.Add(new(row.Index, "p", i < right[benchmark.Name] ? row.Answer! : wrong, 10, 4, 5, i % 4 == 0 ? "length" : "stop"));
        }
        return folder;
    }
}
