using Interlace.Data;
using Interlace.DemoModel.Data;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Evaluation.Rules;
using Interlace.Evaluation.Tables;
using Turn = Interlace.DemoModel.Scenes.Turn;

namespace Interlace.Tests.DemoModel;

public class ScenesTests
{
    [Fact]
    public void The_same_seed_draws_the_same_scenes_and_another_one_draws_others()
    {
        var sources = SmallSources.Create();
        foreach (var (name, make, _, _) in SceneFamilies.All)
        {
            Scene one = make(Chance.Of("test", 1, 5), sources), again = make(Chance.Of("test", 1, 5), SmallSources.Create()), other = make(Chance.Of("test", 2, 5), sources);
            Assert.Equal(name, one.Set);
            Assert.Equal(one.Image.Pixels, again.Image.Pixels);
            Assert.Equal(one.Questions.Select(q => (q.Text, q.Answer)), again.Questions.Select(q => (q.Text, q.Answer)));
            Assert.NotEqual(one.Image.Pixels, other.Image.Pixels);
        }
    }

    [Fact]
    public void Every_question_can_be_answered_from_what_is_drawn()
    {
        var sources = SmallSources.Create();
        for (int i = 0; i < 300; i++)
        {
            Scene scene = SceneFamilies.Draw(Chance.Of("test", 3, i), sources);
            Assert.Equal((64, 64), (scene.Image.Width, scene.Image.Height));
            foreach (Question question in scene.Questions)
            {
                Assert.True(question.Pool is null || question.Pool.Contains(question.Answer), question.Text);
                if (question.Kind is "name" or "color" or "attribute" or "digit-color" or "read" or "value" or "word") Assert.Contains(question.Answer, scene.Caption);
                if (question.Kind is "count" or "bar-count") Assert.Equal($"{scene.Marks.Count}", question.Answer);
            }
            Assert.Equal(["No", "Yes"], scene.Questions.Where(q => q.Kind == Question.YesNo).Select(q => q.Answer).Order());
            if (scene.Set == "words") Assert.All(scene.Caption.Split(", "), word => Assert.DoesNotContain(word, sources.Withheld));
            Assert.All(scene.Marks, mark => Assert.All(mark.Words, word => Assert.Contains(word, scene.Caption)));
        }
    }

    [Fact]
    public void Words_of_tests_are_in_no_training_part()
    {
        var (train, _) = SceneSources.WordsOf(Split.Train);
        var (test, withheld) = SceneSources.WordsOf(Split.Test);
        Assert.Empty(train.Intersect(test));
        Assert.Equal(train, withheld);
        Assert.True(train.Count > 450 && test.Count == 60);
    }

    [Fact]
    public void A_lesson_asks_in_its_own_forms_and_no_others()
    {
        var sources = SmallSources.Create();
        IReadOnlyList<Turn>[] Conversations(Lesson lesson) => [.. Enumerable.Range(0, 200).Select(i =>
        {
            var chance = Chance.Of("test", 4, i);
            return Turns.Of(SceneFamilies.Draw(chance, sources), chance, lesson);
        })];
        static bool OffersOptions(Turn turn) => turn.User.StartsWith("Question: ", StringComparison.Ordinal) && turn.User.Contains("\nA. ", StringComparison.Ordinal);
        static bool IsYesNo(Turn turn) => turn.User.EndsWith("Please answer yes or no.", StringComparison.Ordinal);
        var nothing = new Lesson(4, 0, 0, 0, 0, 0, 0, 0);

        Assert.All(Conversations(nothing with { Choices = 1, MostOptions = 2 }), turns => Assert.All(turns.SkipWhile(turn => turn.User == Turns.Describe), turn =>
        {
            Assert.True(OffersOptions(turn));
            Assert.Equal(2, turn.User.Split('\n').Count(line => line is [_, '.', ..]));
        }));
        Assert.Equal([2, 3, 4], Conversations(nothing with { Choices = 1 }).SelectMany(turns => turns).Where(OffersOptions).Select(turn => turn.User.Split('\n').Count(line => line is [_, '.', ..])).Distinct().Order());
        Assert.All(Conversations(nothing with { Words = 1 }), turns => Assert.DoesNotContain(turns, turn => OffersOptions(turn) || IsYesNo(turn)));
        var answers = Conversations(nothing with { YesNo = 1 }).Select(turns => Assert.Single(turns)).ToArray();
        Assert.All(answers, turn => Assert.True(IsYesNo(turn)));
        Assert.InRange(answers.Count(turn => turn.Assistant == "Yes"), 70, 130);
        Assert.All(Conversations(nothing with { Echoes = 1 }), turns => Assert.All(turns.Chunk(2).Where(pair => pair.Length == 2), pair =>
        {
            Assert.StartsWith($"Question: {pair[0].User}\n", pair[1].User, StringComparison.Ordinal);
            Assert.Contains($"{pair[1].Assistant}. {pair[0].Assistant}", pair[1].User.Split('\n'));
        }));
        Assert.All(Conversations(nothing with { Letters = 1 }).SelectMany(turns => turns).Where(turn => turn.User.Contains("Which letter", StringComparison.Ordinal)), turn =>
            Assert.All(turn.Assistant.Split(", "), said => Assert.Contains($"{said[^1]}. {said[..^2]}", turn.User.Split('\n'))));
    }

    [Fact]
    public void The_course_begins_with_descriptions_and_ends_with_everything()
    {
        Assert.Equal((1, 1.0, 0.0, 0.0), (Lesson.At(0).Turns, Lesson.At(0).Captions, Lesson.At(0).Words, Lesson.At(0).Choices));
        Lesson last = Lesson.At(1);
        Assert.True(last.Words > 0 && last.YesNo > 0 && last.Choices > 0 && last.MostOptions == 4);
        Assert.All(Enumerable.Range(0, 101), percent => Assert.InRange(Lesson.At(percent / 100.0).Turns, 1, Lesson.MostTurns));
    }

    [Fact]
    public void The_first_lessons_describe_and_drills_say_what_is_drawn()
    {
        var sources = SmallSources.Create();
        for (int i = 0; i < 100; i++)
        {
            var chance = Chance.Of("test", 6, i);
            Scene scene = SceneFamilies.Draw(chance, sources);
            Assert.Equal(scene.Caption, Assert.Single(Turns.Of(scene, chance, Lesson.At(0))).Assistant);
            string[] words = [.. scene.Marks.SelectMany(mark => mark.Words)];
            Assert.NotEmpty(scene.Drills);
            foreach (Drill drill in scene.Drills)
            {
                Assert.NotEmpty(drill.Items);
                Assert.Equal(drill.Items.Count, drill.Items.Select(item => item.Item).Distinct().Count());
                if (drill.Text == "Is it there?") Assert.All(drill.Items, item => Assert.Equal(words.Contains(item.Item) ? "yes" : "no", item.Answer));
                if (drill.Text is "What color is it?" or "What is its value?") Assert.All(drill.Items, item => Assert.Contains(scene.Marks, mark => mark.Words.Contains(item.Item) && mark.Words.Contains(item.Answer)));
                Assert.Equal(string.Join(", ", drill.Items.Select(item => $"{item.Item} {item.Answer}")), Turns.Exercise(drill).Assistant);
            }
        }
    }

    [Fact]
    public void Written_data_is_read_back_by_the_products_own_readers()
    {
        using var scratch = new ScratchFolder();
        TuningData.Write(scratch.At("finevision"), SmallSources.Create(), 1, SceneFamilies.All.ToDictionary(f => f.Name, _ => 3));
        var data = DataSource.Open(scratch.At("finevision"));
        Assert.Equal(15, data.Rows);
        Assert.Equal(SceneFamilies.All.Select(f => f.Name).Order(StringComparer.Ordinal), data.Sets.Select(s => s.Name));

        BenchmarkTables.Write(scratch.At("benchmarks"), SmallSources.Create(Split.Test), 1, questions: 12);
        var found = Benchmarks.In(scratch.At("benchmarks"), null);
        Assert.Equal(["TinyBench", "TinyChart", "TinyOCR", "TinyPOPE", "TinyStar", "TinyVQA"], found.Select(f => f.Benchmark.Name).Order(StringComparer.Ordinal));
        foreach (var (benchmark, path) in found)
        {
            using var table = BenchmarkTable.Open(path);
            Assert.Equal(benchmark.Rows, table.Rows.Count);
            Prediction[] right = [.. table.Rows.Select(row => new Prediction(row, benchmark.Kind is BenchmarkKind.Contains or BenchmarkKind.Vqa ? row.Answer!.Split('\'')[1] : row.Answer!))];
            Assert.Equal(100, Scores.Of(benchmark, right, RuleSet.November2025).Percent);
            Assert.All(table.Rows, row => Assert.Single(table.Images(row)));
        }
        using var pope = BenchmarkTable.Open(found.Single(f => f.Benchmark.Name == "TinyPOPE").Path);
        Assert.Equal(6, pope.Rows.Count(row => row.Answer == "Yes"));
    }

    [Fact]
    public void A_missing_source_is_named_with_the_way_to_get_it()
    {
        using var scratch = new ScratchFolder();
        var error = Assert.Throws<Vlm.InputException>(() => SceneSources.Load(new(scratch.Path, scratch.Path, scratch.Path), Split.Train));
        Assert.Contains("dataset-fashion-mnist", error.Message);
        Assert.Contains("--fashion", error.Message);
    }
}
