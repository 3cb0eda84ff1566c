using System.Text;
using Interlace.Vlm.Text;

namespace Interlace.DemoModel.Scenes;

/// <summary>A question and its answer as they stand in a conversation.</summary>
public sealed record Turn(string User, string Assistant);

/// <summary>
/// What a conversation is about: in which forms its turns come, by weight. The model learns one thing after the other, each nearly alone: in a mixture of everything what is looked for by content, and what must be compared, is learnt many times
/// more slowly. First come descriptions; then exercises, which look for things; questions in words; those answered with Yes or No; options; at last everything.
/// </summary>
/// <param name="Turns">Turns of a conversation at most.</param>
/// <param name="Captions">Share of conversations that begin with a description of everything.</param>
/// <param name="Drills">Weight of exercises.</param>
/// <param name="Words">Weight of questions in words.</param>
/// <param name="YesNo">Weight of a question answered with Yes or No; a conversation has one at most, else the second would give the opposite answer.</param>
/// <param name="Letters">Weight of exercises about the letters before options.</param>
/// <param name="Echoes">Weight of a question in words that is asked with options right after.</param>
/// <param name="Choices">Weight of questions with options.</param>
/// <param name="MostOptions">Options offered at most.</param>
public sealed record Lesson(int Turns, double Captions, double Drills, double Words, double YesNo, double Letters, double Echoes, double Choices, int MostOptions = 4)
{
    /// <summary>Turns of the longest conversations.</summary>
    public const int MostTurns = 5;

    private static readonly (double Until, Lesson Lesson)[] Course =
    [
        (0.04, new(1, 1, 0, 0, 0, 0, 0, 0)),
        (0.20, new(3, 0.1, 1, 0, 0, 0, 0, 0)),
        (0.28, new(5, 0.1, 0.2, 0.7, 0, 0, 0, 0)),
        (0.38, new(2, 0.05, 0.1, 0.3, 1, 0, 0, 0)),
        (0.43, new(3, 0.05, 0.05, 0.1, 0.1, 0.4, 0.3, 0.1, 2)),
        (0.50, new(3, 0.05, 0.05, 0.1, 0.1, 0.2, 0.3, 0.4)),
        (1, new(5, 0.05, 0.1, 0.4, 0.25, 0, 0.05, 0.3)),
    ];

    /// <summary>The lesson after a share of the time, 0..1.</summary>
    public static Lesson At(double progress) => Course.First(part => progress < part.Until || part.Until == 1).Lesson;

    /// <summary>The forms of the tuning data.</summary>
    public static Lesson Tuning { get; } = new(5, 0, 0, 0.25, 0.6, 0, 0, 0.5);
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

    /// <summary>Turns about a scene in the forms of a lesson; fewer than its turns where the scene has no more.</summary>
    public static IReadOnlyList<Turn> Of(Scene scene, Chance chance, Lesson lesson)
    {
        var turns = new List<Turn>();
        if (chance.Happens(lesson.Captions)) turns.Add(new(chance.Pick(Descriptions), scene.Caption));
        Question[] questions = chance.Shuffled(scene.Questions);
        Queue<Question> words = new(questions.Where(q => q.Kind != Question.YesNo)), yesNo = new(questions.Where(q => q.Kind == Question.YesNo).Take(1)), offering = new(words.Where(q => q.Pool is { Count: >= 2 }));
        Queue<Drill> drills = new(chance.Shuffled(scene.Drills));
        int Count(Question question) => chance.Between(2, Math.Min(question.Pool!.Count, lesson.MostOptions));
        var forms = new (double Weight, Func<bool> Left, Func<IEnumerable<Turn>> Make)[]
        {
            (lesson.Drills, () => drills.Count > 0, () => [Exercise(drills.Dequeue())]),
            (lesson.Words, () => words.Count > 0, () => [InWords(words.Dequeue(), chance)]),
            (lesson.YesNo, () => yesNo.Count > 0, () => [InWords(yesNo.Dequeue(), chance)]),
            (lesson.Letters, () => offering.Count > 0, () => [LettersOf(offering.Dequeue(), chance, lesson.MostOptions)]),
            (lesson.Echoes, () => offering.Count > 0 && turns.Count + 1 < lesson.Turns, () => offering.Dequeue() is var q ? [new Turn(q.Text, q.Answer), Choice(q, chance, Count(q))] : []),
            (lesson.Choices, () => offering.Count > 0, () => offering.Dequeue() is var q ? [Choice(q, chance, Count(q))] : []),
        };
        while (turns.Count < lesson.Turns)
        {
            var left = forms.Where(form => form.Weight > 0 && form.Left()).ToArray();
            if (left.Length == 0) break;
            double x = chance.Real() * left.Sum(form => form.Weight);
            turns.AddRange((left.FirstOrDefault(form => (x -= form.Weight) < 0) is { Make: { } make } ? make : left[^1].Make)());
        }
        return turns.Count > 0 ? turns : [new(Describe, scene.Caption)];
    }

    /// <summary>A scene's description, exercises and questions, in words and with options: whatever the course, the tokenizer is trained on these.</summary>
    public static IEnumerable<Turn> InAllForms(Scene scene, Chance chance) =>
    [
        new(chance.Pick(Descriptions), scene.Caption), .. scene.Drills.Select(drill => Exercise(drill)), .. scene.Questions.Select(q => InWords(q, chance)),
        .. scene.Questions.Where(q => q.Pool is { Count: >= 2 }).Select(q => Choice(q, chance, Letters.Length)),
    ];

    /// <summary>Some options, and which letter stands before each of them.</summary>
    private static Turn LettersOf(Question question, Chance chance, int most)
    {
        string[] options = chance.Sample(question.Pool!, chance.Between(2, Math.Min(question.Pool!.Count, most)));
        return Exercise(new("Which letter is it?", chance.Shuffled(options.Select((option, i) => (option, $"{Letters[i]}")))), string.Concat(options.Select((option, i) => $"{Letters[i]}. {option}\n")));
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

    private static Turn InWords(Question question, Chance chance) => new(question.Text + (question.Kind != Question.YesNo && chance.Happens(ShortShare) ? Short : ""), question.Answer);

    /// <summary>A question with so many options.</summary>
    public static Turn Choice(Question question, Chance chance, int count)
    {
        string[] options = Options(question, chance, Math.Min(question.Pool!.Count, count));
        var text = new StringBuilder($"Question: {question.Text}\nOptions:\n");
        foreach (var (i, option) in options.Index()) text.Append($"{Letters[i]}. {option}\n");
        return new(text.Append("Please select the correct answer from the options above. \n").ToString(), $"{Letters[Array.IndexOf(options, question.Answer)]}");
    }
}
