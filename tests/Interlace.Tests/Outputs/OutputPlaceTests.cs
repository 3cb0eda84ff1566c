using Interlace.Outputs;
using Interlace.Vlm;

namespace Interlace.Tests.Outputs;

public sealed class OutputPlaceTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public OutputPlaceTests()
    {
        File.WriteAllText(_scratch.At("home", "model", "config.json"), "{}");
        File.WriteAllText(_scratch.At("home", "data", "set", "rows.parquet"), "");
        Directory.CreateSymbolicLink(_scratch.At("link"), _scratch.At("home"));
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("home/model")]
    [InlineData("home/model/")]
    [InlineData("home/./data/../model")]
    [InlineData("link/model")]
    [InlineData("home/model/config.json")]
    public void An_input_is_no_output(string output) => Refused(output, "home/model", "home/model/config.json");

    [Theory]
    [InlineData("home")]
    [InlineData("home/")]
    [InlineData("link")]
    [InlineData("link/.")]
    [InlineData(".")]
    public void Neither_is_a_folder_above_one(string output)
    {
        Refused(output, "home/model");
        Refused(output, "link/data/set");
    }

    [Fact]
    public void Nothing_is_written_into_a_model_that_is_read()
    {
        Refused("home/model/in", "link/model");
        Refused("link/model/deep/in.json", "home/model");
        Check("home/model-2", "home/model");   // a name that begins alike is another place
        Check("home/data/run", "home/data");   // a folder of data is no model
        Check("home/out", "home/model", null, "");
    }

    private void Check(string output, params string?[] inputs) =>
        OutputPlace.Check(_scratch.At(output), inputs.Select(input => input is { Length: > 0 } ? _scratch.At(input) : input));

    private void Refused(string output, params string[] inputs)
    {
        foreach (string input in inputs)
            Assert.Contains("name a", Assert.Throws<InputException>(() => Check(output, input)).Message);
    }
}
