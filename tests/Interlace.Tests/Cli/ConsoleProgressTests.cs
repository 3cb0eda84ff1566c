using Interlace.Cli;

namespace Interlace.Tests.Cli;

public sealed class ConsoleProgressTests : IDisposable
{
    private readonly StringWriter _error = new();
    private readonly Clock _clock = new();

    public void Dispose() => _error.Dispose();

    [Fact]
    public void A_file_gets_a_plain_line_at_most_every_ten_seconds()
    {
        using var progress = new ConsoleProgress(new Terminal(TextWriter.Null, _error), quiet: false, _clock);
        for (int second = 0; second <= 30; second++)
        {
            progress.Report(new("calibrate", second * 2, 60, "samples", second == 30 ? "done" : null));
            _clock.Advance(1);
        }
        string[] lines = _error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["calibrate  0/60 samples", "calibrate  20/60 samples  2.0/s  0:20 left", "calibrate  40/60 samples  2.0/s  0:10 left", "calibrate  60/60 samples  2.0/s  done"], lines);
    }

    [Fact]
    public void A_terminal_gets_one_line_that_is_drawn_over()
    {
        using (var progress = new ConsoleProgress(new Terminal(TextWriter.Null, _error, ErrorIsTerminal: true, Width: 70), quiet: false, _clock))
        {
            progress.Report(new("finetune", 0, 4, "steps", "a rather long remark about the loss of this step"));
            _clock.Advance(8);
            progress.Report(new("finetune", 2, 4, "steps"));
        }
        string text = _error.ToString();
        Assert.Equal(1, text.Count(c => c == '\n'));
        string[] drawings = text.TrimEnd('\n').Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(drawings, line => Assert.True(line.Length < 70));
        Assert.Equal(2, drawings.Length);
        Assert.Equal(drawings[0].Length, drawings[1].Length);                            // nothing of the longer line stays
        Assert.Contains("████████████░░░░░░░░░░░░  2/4 steps  4.0 s each  0:08", drawings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_stage_has_the_rate_of_this_run_and_a_new_stage_begins_anew()
    {
        using var progress = new ConsoleProgress(new Terminal(TextWriter.Null, _error), quiet: false, _clock);
        progress.Report(new("evaluate", 100, 200, "answers"));
        _clock.Advance(10);
        progress.Report(new("evaluate", 110, 200, "answers"));
        progress.Report(new("score", 1, 0, "tables"));
        Assert.Equal("evaluate  100/200 answers\nevaluate  110/200 answers  1.0/s  1:30 left\nscore  1 tables\n", _error.ToString());
    }

    [Fact]
    public void A_part_has_its_own_count_and_time_left_and_earlier_answers_took_no_time()
    {
        using var progress = new ConsoleProgress(new Terminal(TextWriter.Null, _error), quiet: false, _clock);
        void Report(long before, string part, long done, long of) => progress.Report(new("evaluate", before + done, 400, "answers", Part: new(part, done, of)));
        Report(0, "AI2D", 50, 100);
        _clock.Advance(10);
        Report(0, "AI2D", 70, 100);
        _clock.Advance(15);
        Report(0, "AI2D", 100, 100);
        Report(100, "POPE", 200, 300);       // an interrupted run had answered them
        _clock.Advance(15);
        Report(100, "POPE", 230, 300);
        Assert.Equal("""
            evaluate  50/400 answers  AI2D 50/100
            evaluate  70/400 answers  2.0/s  2:45 left  AI2D 70/100, 2.0/s, 0:15 left
            evaluate  100/400 answers  2.0/s  2:30 left  AI2D 100/100
            evaluate  330/400 answers  2.0/s  0:35 left  POPE 230/300, 2.0/s, 0:35 left

            """.ReplaceLineEndings("\n"), _error.ToString());
    }

    [Fact]
    public void Quiet_says_nothing()
    {
        using var progress = new ConsoleProgress(new Terminal(TextWriter.Null, _error), quiet: true, _clock);
        progress.Report(new("calibrate", 1, 1, "samples"));
        Assert.Equal("", _error.ToString());
    }

    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;
        public override long GetTimestamp() => _now + 1;
        public void Advance(int seconds) => _now += seconds * 1000;
    }
}
