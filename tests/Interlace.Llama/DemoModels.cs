using System.Text.Json.Nodes;
using Interlace.Pruning;
using Interlace.Tests;
using Interlace.Tests.Cli;

namespace Interlace.Llama;

/// <summary>The demo's model as it is, with a quarter of its layers dropped, and with some of the others tuned for a few steps.</summary>
public sealed class DemoModels : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    internal static string Root => Path.Combine(Shared.Repository, "assets", "demo");

    internal static string Dense => Path.Combine(Root, "model");

    internal static string Tables => Path.Combine(Root, "benchmarks");

    /// <summary>The folder of a model: dense, dropped or tuned.</summary>
    internal string PathOf(string name)
    {
        if (name == "dense") return Dense;
        string dropped = _scratch.At("dropped"), tuned = _scratch.At("tuned");
        if (!Directory.Exists(dropped))
        {
            int layers = (int)JsonNode.Parse(File.ReadAllText(Path.Combine(Dense, "config.json")))!["text_config"]!["num_hidden_layers"]!;
            int[] drop = [.. Enumerable.Range(0, layers).Where(layer => layer % 4 == 2)];
            LayerRemoval.Prune(Dense, PruningPlan.Create(layers, drop, [.. drop.Select(layer => layer + 1)]), dropped);
        }
        if (name == "dropped") return dropped;
        if (!Directory.Exists(tuned))
        {
            var run = CommandRun.Of("finetune", dropped, "--data", Path.Combine(Root, "finevision"), "--out", tuned, "--max-steps", "8",
                "--set", "finetune.learning_rate=3e-3", "--set", "finetune.samples_per_step=8", "--dtype", "fp32", "--quiet");
            Assert.True(run.Code == 0, run.Error);
        }
        return tuned;
    }

    /// <summary>A folder of the caller's own.</summary>
    internal string At(params string[] parts) => _scratch.At(parts);

    internal ScratchFolder Scratch => _scratch;

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();
}
