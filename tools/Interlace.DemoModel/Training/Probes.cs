using System.Text.Json.Nodes;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Inputs;

namespace Interlace.DemoModel.Training;

/// <summary>
/// The same questions asked again and again while the model learns, each kind by itself, on scenes that are in no lesson: the mean loss of an answer's token shows when a kind of question is understood.
/// <c>caption</c> asks for everything there is, <c>choice</c> has four options, <c>drill</c> is an exercise of its kind.
/// </summary>
internal sealed class Probes
{
    /// <summary>Names in the log; an exercise's is followed by its text, the other kinds are those of <see cref="Question.Kind"/>.</summary>
    public const string Step = "step", Caption = "caption", Choice = "choice", Drill = "drill ";

    private const int Scenes = 400, Most = 30;

    private readonly IReadOnlyList<(string Kind, EncodedSample[] Samples)> _kinds;

    /// <summary>Draws the questions.</summary>
    public Probes(SceneSources sources, Processor processor, long seed)
    {
        var asked = new Dictionary<string, List<EncodedSample>>(StringComparer.Ordinal);
        for (int i = 0; i < Scenes; i++)
        {
            var chance = Chance.Of("probe", seed, i);
            Scene scene = SceneFamilies.Draw(chance, sources);
            Add(Caption, new(Turns.Describe, scene.Caption));
            Question question = chance.Pick(scene.Questions);
            Add(question.Kind, new(question.Text, question.Answer));
            foreach (var drill in scene.Drills) Add(Drill + drill.Text, Turns.Exercise(drill));
            Question[] offering = [.. scene.Questions.Where(q => q.Pool is { Count: >= 4 })];
            if (offering.Length > 0) Add(Choice, Turns.Choice(chance.Pick(offering), chance, 4));

            void Add(string kind, Turn turn)
            {
                if (!asked.TryGetValue(kind, out var samples)) asked[kind] = samples = [];
                if (samples.Count < Most) samples.Add(processor.Encode(Turns.Messages([turn]), [scene.Image]));
            }
        }
        _kinds = [.. asked.OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => (kind.Key, kind.Value.ToArray()))];
    }

    /// <summary>Asks and adds a line to a log; an interrupted training that comes to a step again leaves the line it wrote before.</summary>
    public void Ask(string log, int step, LossGradient model, TorchSharp.torch.Device device)
    {
        if (File.Exists(log) && File.ReadLines(log).Any(written => JsonNode.Parse(written)![Step]!.GetValue<int>() >= step)) return;
        var line = new JsonObject { [Step] = step };
        foreach (var (kind, samples) in _kinds)
        {
            using var batch = Batch.Pack(samples, device);
            line[kind] = Math.Round(model.Loss(batch) / samples.Sum(sample => Batch.CountTargets(sample)), 4);
        }
        File.AppendAllText(log, line.ToJsonString() + "\n");
    }
}
