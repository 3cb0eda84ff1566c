using Interlace.Tests.Cli;

namespace Interlace.Tests.Cases;

/// <summary>A key that stands twice in a file of a model folder: one sentence with file and key, whichever command reads it.</summary>
public sealed class DuplicateJsonKeysTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    private string Model => field ??= _scratch.Copy(Path.Combine(Shared.Repository, "assets/demo/model"), "model");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("inspect")]
    [InlineData("generate", "hi", "--dtype", "fp32")]
    [InlineData("calibrate", "--data", "assets/demo/finevision", "--out")]
    [InlineData("evaluate", "--benchmarks", "assets/demo/benchmarks", "--out")]
    [InlineData("latency", "--benchmarks", "assets/demo/benchmarks", "--out")]
    [InlineData("sparsify", "--data", "assets/demo/finevision", "--out")]
    public void A_config_with_a_key_twice_is_refused(string verb, params string[] rest)
    {
        File.Copy(Shared.Require("cases", "duplicate-json-keys", "dup", "config.json"), Path.Combine(Model, "config.json"),
            overwrite: true);
        string[] paths = [.. rest.Select(word => word.StartsWith("assets", StringComparison.Ordinal)
            ? Path.Combine(Shared.Repository, word) : word)];
        string refusal = CommandRun.Of([verb, Model, .. paths, .. rest.Contains("--out") ? [_scratch.At("out")] : Array.Empty<string>()])
            .Refusal();
        Assert.Contains("config.json", refusal);
        Assert.Contains("'torch_dtype'", refusal);
        Assert.False(Path.Exists(_scratch.At("out")));
    }

    [Fact]
    public void Image_settings_with_a_key_twice_are_refused()
    {
        File.Copy(Shared.Require("cases", "duplicate-json-keys", "duppre", "preprocessor_config.json"),
            Path.Combine(Model, "preprocessor_config.json"), overwrite: true);
        string refusal = CommandRun.Of("generate", Model, "hi").Refusal();
        Assert.Contains("preprocessor_config.json", refusal);
        Assert.Contains("'do_rescale'", refusal);
    }

    [Fact]
    public void Messages_with_a_key_twice_are_refused()
    {
        string messages = Shared.Require("cases", "duplicate-json-keys", "messages.json");
        string refusal = CommandRun.Of("trace", Model, "--input", messages, "--out", _scratch.At("trace.safetensors")).Refusal();
        Assert.Contains("messages.json", refusal);
        Assert.Contains("'role'", refusal);
        Assert.False(File.Exists(_scratch.At("trace.safetensors")));
    }

    [Fact]
    public void An_index_that_names_a_tensor_twice_is_refused()
    {
        string sharded = _scratch.Copy(TinyCheckpoints.Untied, "sharded"), index = Path.Combine(sharded, "model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index)
            .Replace("\"weight_map\": {", "\"weight_map\": {\"lm_head.weight\": \"model-00001-of-00003.safetensors\",",
            StringComparison.Ordinal));
        string refusal = CommandRun.Of("inspect", sharded).Refusal();
        Assert.Contains("model.safetensors.index.json", refusal);
        Assert.Contains("'weight_map.lm_head.weight'", refusal);
    }

    [Fact]
    public void A_tensor_that_stands_twice_in_the_header_of_its_file_is_refused()
    {
        string weights = Path.Combine(Model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        string header = System.Text.Encoding.UTF8.GetString(bytes, 8, (int)BitConverter.ToInt64(bytes));
        byte[] twice = System.Text.Encoding.UTF8.GetBytes("""{"__metadata__":{"format":"pt","format":"np"},""" + header[(header.IndexOf("},", StringComparison.Ordinal) + 2)..]);
        File.WriteAllBytes(weights, [.. BitConverter.GetBytes((long)twice.Length), .. twice, .. bytes[(8 + header.Length)..]]);
        Assert.Contains("'__metadata__.format'", CommandRun.Of("inspect", Model).Refusal());
    }
}
