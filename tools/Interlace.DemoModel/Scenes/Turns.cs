using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.DemoModel.Scenes;

/// <summary>A question and its answer as they stand in a conversation.</summary>
public sealed record Turn(string User, string Assistant);

/// <summary>
/// Which forms of questions a conversation takes. First come descriptions alone; then questions in words and exercises; then those answered with Yes or No, and multiple choice as a form, of questions that were answered in words
/// just before; then multiple choice without that help, with two options at first.
/// </summary>
/// <param name="Captions">Share of conversations that begin with a description of everything.</param>
/// <param name="Choices">Share of questions that offer options, of those that can.</param>
/// <param name="Echoes">Share of questions, of those that can, that are asked twice: in words, and with options.</param>
/// <param name="MostOptions">Options offered at most.</param>
/// <param name="Drills">Share of turns that are exercises.</param>
/// <param name="YesNo">Whether questions are asked that are answered with Yes or No.</param>
public sealed record Lesson(double Captions, double Choices, double Echoes, int MostOptions, double Drills, bool YesNo)
{
    private const double DescribingUntil = 0.055, YesNoFrom = 0.12, ChoicesFrom = 0.18, ChoicesFull = 0.25, ThreeFrom = 0.35, FourFrom = 0.5;

    /// <summary>Nothing but descriptions: of all texts they have most words that must be seen.</summary>
    public bool OnlyDescribes => Captions == 1;

    /// <summary>The lesson after a share of the time, 0..1.</summary>
    public static Lesson At(double progress)
    {
        if (progress < DescribingUntil) return new(1, 0, 0, 0, 0, false);
        double later = (progress - DescribingUntil) / (1 - DescribingUntil);
        return new(Math.Max(0.1, 0.4 - later), 0.5 * Math.Clamp((progress - ChoicesFrom) / (ChoicesFull - ChoicesFrom), 0, 1), progress < YesNoFrom ? 0 : Math.Max(0, 0.5 - 0.9 * later),
            progress < ThreeFrom ? 2 : progress < FourFrom ? 3 : 4, Math.Max(0.05, 0.7 - 1.5 * later), progress >= YesNoFrom);
    }

    /// <summary>The forms of the tuning data: no captions, all numbers of options.</summary>
    public static Lesson Tuning { get; } = new(0, 0.4, 0, 4, 0, true);
}

/// <summary>Makes conversations of scenes.</summary>
public static class Turns
{
    /// <summary>Asks for everything there is.</summary>
    public const string Describe = "Describe the image.";

    /// <summary>The same in other words. They differ in length, so that the way from an answer to the image is never the same: else places are learnt as distances, which no other question has.</summary>
    private static readonly string[] Descriptions =
    [
        Describe, "Please describe the image.", "What is in the image?", "What is there in the image? Please describe it.", "Please describe what is in the image, from the top left to the bottom right.",
        "Describe the image.\nAnswer the question using a single word or phrase.", "Question: What is in the image?\nOptions: none.\nPlease describe the image above. \n",
        "Is there a thing in the image? Please answer. What is it, where is it, and what color is it?",
    ];

    private const string Short = "\nAnswer the question using a single word or phrase.";
    private const string Letters = "ABCD";
    private const double ShortShare = 0.2;

    /// <summary>Some of a scene's questions in the forms of a lesson, a caption before them where the lesson says so.</summary>
    public static IReadOnlyList<Turn> Of(Scene scene, Chance chance, Lesson lesson, int most = 4)
    {
        var turns = new List<Turn>();
        if (chance.Happens(lesson.Captions)) turns.Add(new(chance.Pick(Descriptions), scene.Caption));
        Queue<Turn> exercises = new(lesson.Drills > 0 ? Exercises(scene, chance) : []);
        foreach (Question question in chance.Shuffled(scene.Questions.Where(q => lesson.YesNo || q.Kind != Question.YesNo)))
        {
            if (turns.Count == most) break;
            if (exercises.Count > 0 && chance.Happens(lesson.Drills))
            {
                turns.Add(exercises.Dequeue());
                continue;
            }
            if (turns.Count + 1 < most && question.Pool is { Count: >= 2 } && chance.Happens(lesson.Echoes)) turns.AddRange(new Turn(question.Text, question.Answer), Choice(question, chance, chance.Between(2, lesson.MostOptions)));
            else turns.Add(Form(question, chance, lesson));
        }
        return turns;
    }

    /// <summary>The scene's drills, and one of letters: which stands before each of some options; in random order.</summary>
    private static Turn[] Exercises(Scene scene, Chance chance)
    {
        List<Turn> turns = [.. scene.Drills.Select(drill => Exercise(drill))];
        if (scene.Questions.FirstOrDefault(q => q.Pool is { Count: >= 4 }) is { } question)
        {
            string[] options = chance.Sample(question.Pool!, chance.Between(2, 4));
            Drill letters = new("Which letter is it?", chance.Shuffled(options.Select((option, i) => (option, $"{Letters[i]}"))));
            turns.Add(Exercise(letters, string.Concat(options.Select((option, i) => $"{Letters[i]}. {option}\n"))));
        }
        return chance.Shuffled(turns);
    }

    /// <summary>A drill as a turn.</summary>
    /// <param name="drill">Items and their answers.</param>
    /// <param name="before">Text before it.</param>
    public static Turn Exercise(Drill drill, string before = "") =>
        new($"{before}{drill.Text} {string.Join(", ", drill.Items.Select(i => i.Item))}", string.Join(", ", drill.Items.Select(i => $"{i.Item} {i.Answer}")));

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
        if (question.Pool is { Count: >= 2 } && x < lesson.Choices) return Choice(question, chance, chance.Between(2, lesson.MostOptions));
        return question.Kind != Question.YesNo && x < lesson.Choices + ShortShare ? new(question.Text + Short, question.Answer) : new(question.Text, question.Answer);
    }

    /// <summary>A question with so many options.</summary>
    public static Turn Choice(Question question, Chance chance, int count)
    {
        string[] options = Options(question, chance, Math.Min(question.Pool!.Count, count));
        var text = new StringBuilder($"Question: {question.Text}\nOptions:\n");
        foreach (var (i, option) in options.Index()) text.Append($"{Letters[i]}. {option}\n");
        return new(text.Append("Please select the correct answer from the options above. \n").ToString(), $"{Letters[Array.IndexOf(options, question.Answer)]}");
    }
}
