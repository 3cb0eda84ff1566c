using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.DemoModel.Scenes;

/// <summary>A question and its answer as they stand in a conversation.</summary>
public sealed record Turn(string User, string Assistant);

/// <summary>
/// Which forms of questions a conversation takes. Captions tie words to places and are most of the first lessons. Multiple choice is learnt as a form first, of questions that were answered in words just before, and from
/// a twentieth of the time on without that help; two options at first.
/// </summary>
/// <param name="Captions">Share of conversations that begin with a description of everything.</param>
/// <param name="Choices">Share of questions that offer options, of those that can.</param>
/// <param name="Echoes">Share of questions, of those that can, that are asked twice: in words, and with options.</param>
/// <param name="MostOptions">Options offered at most.</param>
public sealed record Lesson(double Captions, double Choices, double Echoes, int MostOptions)
{
    private const double ChoicesFrom = 0.05, ChoicesFull = 0.15, ThreeFrom = 0.2, FourFrom = 0.35;

    /// <summary>The lesson after a share of the time, 0..1.</summary>
    public static Lesson At(double progress) =>
        new(Math.Max(0.1, 0.8 - 1.2 * progress), 0.5 * Math.Clamp((progress - ChoicesFrom) / (ChoicesFull - ChoicesFrom), 0, 1), Math.Max(0, 0.3 - 0.5 * progress), progress < ThreeFrom ? 2 : progress < FourFrom ? 3 : 4);

    /// <summary>The forms of the tuning data: no captions, all numbers of options.</summary>
    public static Lesson Tuning { get; } = new(0, 0.4, 0, 4);
}

/// <summary>Makes conversations of scenes.</summary>
public static class Turns
{
    /// <summary>Asks for everything there is.</summary>
    public const string Describe = "Describe the image.";

    private const string Short = "\nAnswer the question using a single word or phrase.";
    private const string Letters = "ABCD";
    private const double ShortShare = 0.2;

    /// <summary>Some of a scene's questions in the forms of a lesson, a caption before them where the lesson says so.</summary>
    public static IReadOnlyList<Turn> Of(Scene scene, Chance chance, Lesson lesson, int most = 4)
    {
        var turns = new List<Turn>();
        if (chance.Happens(lesson.Captions)) turns.Add(new(Describe, scene.Caption));
        foreach (Question question in chance.Shuffled(scene.Questions))
        {
            if (turns.Count == most) break;
            if (turns.Count + 1 < most && question.Pool is { Count: >= 2 } && chance.Happens(lesson.Echoes)) turns.AddRange(new Turn(question.Text, question.Answer), Choice(question, chance, lesson));
            else turns.Add(Form(question, chance, lesson));
        }
        return turns;
    }

    /// <summary>The right answer and others of its pool, in random order.</summary>
    public static string[] Options(Question question, Chance chance, int count)
    {
        string[] wrong = chance.Shuffled(question.Pool!.Where(p => p != question.Answer));
        return chance.Shuffled([.. wrong.Take(count - 1), question.Answer]);
    }

    /// <summary>A conversation as the processor takes it, the image before the first question.</summary>
    public static IReadOnlyList<ChatMessage> Messages(IReadOnlyList<Turn> turns) =>
        [.. turns.SelectMany((turn, i) => new[] { new ChatMessage("user", i == 0 ? [new ImagePart(), new TextPart(turn.User)] : [new TextPart(turn.User)]), new ChatMessage("assistant", turn.Assistant) })];

    private static Turn Form(Question question, Chance chance, Lesson lesson)
    {
        double x = chance.Real();
        if (question.Pool is { Count: >= 2 } && x < lesson.Choices) return Choice(question, chance, lesson);
        return question.Kind != Question.YesNo && x < lesson.Choices + ShortShare ? new(question.Text + Short, question.Answer) : new(question.Text, question.Answer);
    }

    private static Turn Choice(Question question, Chance chance, Lesson lesson)
    {
        string[] options = Options(question, chance, Math.Min(question.Pool!.Count, chance.Between(2, lesson.MostOptions)));
        var text = new StringBuilder($"Question: {question.Text}\nOptions:\n");
        foreach (var (i, option) in options.Index()) text.Append($"{Letters[i]}. {option}\n");
        return new(text.Append("Please select the correct answer from the options above. \n").ToString(), $"{Letters[Array.IndexOf(options, question.Answer)]}");
    }
}
