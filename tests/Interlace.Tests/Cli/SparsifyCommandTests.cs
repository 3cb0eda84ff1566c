using Interlace.Pruning.Sparsity;
using Interlace.Tests.Data;

namespace Interlace.Tests.Cli;

public sealed class SparsifyCommandTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();
    private readonly string _model = TinyCheckpoints.Tied, _target;

    public SparsifyCommandTests() => _target = _scratch.At("sparse");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Sparse_weights_are_counted_and_inspected()
    {
        ParquetRows.Write(_scratch.At("data", "set", "train.parquet"), [.. Enumerable.Range(0, 6).Select(i => new TestRow([], [($"What is {i}?", $"It is {i}.")]))], new());
        string[] line = ["sparsify", _model, "--data", _scratch.At("data"), "--rate", "1", "--set", "calibrate.fraction=1", "--pattern", "4:8", "--calibration", "5", "--dtype", "fp32", "--device", "cpu", "--out", _target];
        var made = CommandRun.Of([.. line, "--json"]);
        Assert.True(made.Code == 0, made.Error);
        var record = made.Json();
        Assert.Equal((SparsityFile.CurrentFormat, "wanda", "4:8", 5), ((string)record["format"]!, (string)record["method"]!, (string)record["pattern"]!, (int)record["samples"]!));
        Assert.Equal((long)record["parameters"]!, 2 * (long)record["zeros"]!);
        Assert.Equal(File.ReadAllText(Path.Combine(_target, SparsityFile.Name)), record.ToJsonString(new() { WriteIndented = true, NewLine = "\n" }) + "\n");
        Assert.Contains("is there already", CommandRun.Of(line).Error, StringComparison.Ordinal);

        foreach (string path in new[] { _target, Path.Combine(_target, SparsityFile.Name) })
        {
            string shown = CommandRun.Of("inspect", path).Out;
            Assert.Matches(@"sparse by\s+wanda, pattern 4:8", shown);
            Assert.Contains("50.0 %", shown, StringComparison.Ordinal);
            Assert.Contains("no faster without sparse kernels", shown.ReplaceLineEndings(" "), StringComparison.Ordinal);
        }
        Assert.Equal(5, (int)CommandRun.Of("inspect", _target, "--json").Json()["sparsity"]!["samples"]!);
        Assert.Null(CommandRun.Of("inspect", _model, "--json").Json()["sparsity"]);
    }

    [Theory]
    [InlineData("No data is named")]
    [InlineData("'5:4'", "--method", "magnitude", "--pattern", "5:4")]
    [InlineData("do not divide", "--method", "magnitude", "--pattern", "3:7")]
    [InlineData("'random'", "--method", "random")]
    [InlineData("--calibration is 'none'", "--calibration", "none")]
    public void Wrong_options_are_refused_and_nothing_is_left(string named, params string[] options)
    {
        Assert.Contains(named, CommandRun.Of(["sparsify", _model, "--out", _target, .. options]).Refusal(), StringComparison.Ordinal);
        Assert.Empty(_scratch.Entries());
    }

    [Fact]
    public void Magnitude_needs_no_data_and_a_damaged_record_is_told()
    {
        Assert.Equal(0, CommandRun.Of("sparsify", _model, "--method", "magnitude", "--out", _target).Code);
        File.WriteAllText(Path.Combine(_target, SparsityFile.Name), """{"format": "interlace-sparsity/1"}""");
        Assert.Contains("no valid record of sparse weights", CommandRun.Of("inspect", _target).Refusal(), StringComparison.Ordinal);
    }
}
