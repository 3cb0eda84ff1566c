using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;

namespace Interlace.Tests.Cases;

/// <summary>A folder of data with one Parquet file that is not what it claims to be.</summary>
internal sealed class BadShard : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public BadShard(byte[] file) => File.WriteAllBytes(_scratch.At("data", "set", "a.parquet"), file);

    public BadShard(Action<string> write) => write(_scratch.At("data", "set", "a.parquet"));

    /// <summary>The demo's model is calibrated with all of it.</summary>
    public CommandRun Calibrate() =>
        CommandRun.Of("calibrate", Demo.Model, "--data", _scratch.At("data"), "--rate", "1", "--set", "calibrate.fraction=1", "--device",
            "cpu", "--dtype", "fp32", "--quiet", "--out", _scratch.At("out"));

    /// <summary>Refused with the file's name, and nothing is left.</summary>
    public string Refusal()
    {
        string sentence = Calibrate().Refusal();
        Assert.Contains("a.parquet", sentence, StringComparison.Ordinal);
        Assert.InRange(sentence.Length, 1, 500);
        Assert.Equal(["data"], _scratch.Entries());
        return sentence;
    }

    public void Dispose() => _scratch.Dispose();
}
