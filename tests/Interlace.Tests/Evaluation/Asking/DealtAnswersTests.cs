using System.Runtime.InteropServices;
using Interlace.Evaluation.Asking;
using Interlace.Jobs;

namespace Interlace.Tests.Evaluation.Asking;

public class DealtAnswersTests
{
    [Fact]
    public void Pieces_go_through_the_rows_of_the_tables_in_their_order()
    {
        var questions = new DealtAnswers.Questions(Alone: false, [[], [4, 7], [], [0], []]);
        Assert.Equal([(1, 4), (1, 7), (3, 0)], Enumerable.Range(0, questions.Count).Select(piece => questions[piece]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Questions_reach_a_member_as_they_are(bool alone)
    {
        int[][] rows = [[3, 5, 8], [], [0]];
        byte[] bytes = new DealtAnswers.Questions(alone, rows).ToBytes();
        var received = DealtAnswers.Questions.Of(MemoryMarshal.Cast<byte, int>(bytes));
        Assert.Equal(alone, received.Alone);
        Assert.Equal(rows, received.Rows);
    }

    [Fact]
    public void Progress_counts_benchmarks_that_are_passed_as_done_and_late_answers_once()
    {
        var reports = new Reports();
        var tally = new AnswerTally("ask", [new("done", 2, 2), new("first", 1, 3), new("second", 0, 2)], reports);
        foreach (int benchmark in new[] { 1, 2, 1 }) tally.Answered(benchmark);
        tally.End();
        Assert.Equal([(3, "first", 1), (4, "first", 2), (5, "second", 0), (6, "second", 1), (6, "second", 1), (7, "second", 2)],
            reports.Select(report => (report.Done, report.Part!.Value.Name, report.Part.Value.Done)));
        Assert.All(reports, report => Assert.Equal(7, report.Total));
    }

    private sealed class Reports : List<StageProgress>, IProgress<StageProgress>
    {
        public void Report(StageProgress value) => Add(value);
    }
}
