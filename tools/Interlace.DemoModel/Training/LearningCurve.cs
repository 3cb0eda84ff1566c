using System.Text.Json.Nodes;
using Interlace.DemoModel.Scenes;
using Interlace.Reporting;

namespace Interlace.DemoModel.Training;

/// <summary>Draws what <see cref="Probes"/> wrote: when which form of question was understood.</summary>
internal static class LearningCurve
{
    private static string Form(string kind) => kind switch
    {
        Probes.Caption => "descriptions",
        Question.YesNo => "yes or no",
        Probes.Choice => "four options",
        _ => kind.StartsWith(Probes.Drill, StringComparison.Ordinal) ? "exercises" : "questions in words",
    };

    /// <summary>The mean loss of each form's kinds by step; null where nothing was asked yet.</summary>
    /// <param name="log">The log of the probes.</param>
    public static Chart? Draw(string log)
    {
        if (!File.Exists(log)) return null;
        JsonObject[] lines = [.. File.ReadLines(log).Select(line => JsonNode.Parse(line)!.AsObject())];
        if (lines.Length == 0) return null;
        var forms = lines[0].Select(entry => entry.Key).Where(key => key != Probes.Step).GroupBy(Form);
        return Charts.Lines("learning", "Mean loss of an answer's token by step, for each form of question",
            [.. forms.Select(form => new Series(form.Key, [.. lines.Select(line => new SeriesPoint(line[Probes.Step]!.GetValue<int>(), form.Average(kind => line[kind]!.GetValue<double>())))]))],
            new("step of the whole model", "loss (nats a token)", Marked: false));
    }
}
