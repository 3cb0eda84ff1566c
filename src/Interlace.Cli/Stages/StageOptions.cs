using System.CommandLine;
using Interlace.Experiments;

namespace Interlace.Cli;

/// <summary>Arguments and options that the commands of the stages share;
/// everything else is set in an experiment file or with <c>--set</c>.</summary>
internal static class StageOptions
{
    public static readonly ExperimentOption Data = new("--data", "data.path",
        "File or folder of data sets: FineVision's Parquet files, LLaVA's JSON, messages or texts, or hf://ORG/NAME[@REVISION] "
            + "(docs/data.md); "
        + "several separated by commas, each with =RATE behind it where it has its own.", "DATA");
    public static readonly ExperimentOption Rate = new("--rate", "data.rate", "Part of each data set that is drawn.", "PART");
    public static readonly ExperimentSwitch Adaptive = new("--adaptive", "calibrate.adaptive", "true",
        "Stop once other samples would hardly give another plan of this method and ratio.");
    public static readonly ExperimentOption Method = new("--method", "plan.method",
        $"Selection method: {string.Join(", ", Pruning.Methods.Table.Keys)}.", choices: () => Pruning.Methods.Table.Keys);
    public static readonly ExperimentOption Ratio = new("--ratio", "plan.ratio",
        "Part of the decoder layers to drop, rounded down to whole layers.", "PART");
    public static readonly ExperimentOption Selection = new("--selection", "plan.selection",
        "greedy (the paper) or optimal: how triplets are picked.");
    public static readonly ExperimentOption Weighting = new("--weighting", "plan.weighting",
        "tokens: every token counts the same in a mean (the paper); samples: every sample (the authors' code).");
    public static readonly ExperimentOption Tokens = new("--tokens", "plan.tokens",
        "Tokens whose similarity counts: all, image, prompt or answer.");
    public static readonly ExperimentSwitch Protect = new("--protect", "plan.protect", "true",
        "Never drop layers that receive visual features by position (the default); --protect sinks: nor layers that write an attention "
        + "sink, as --protect-sinks.");
    public static readonly ExperimentSwitch ProtectSinks = new("--protect-sinks", "plan.protect_sinks", "true",
        "Never drop a layer that raises the norm of a token tenfold and so writes an attention sink.");
    public static readonly ExperimentSwitch NoProtect = new("--no-protect", "plan.protect", "false", "Let those layers be dropped too.");
    public static readonly ExperimentOption Tune = new("--tune", "plan.tune",
        "Which layers are tuned: method, or the nearest before or behind each gap, both or none.");
    public static readonly ExperimentSwitch Bridge = new("--bridge", "prune.bridge", "true",
        "Bridge dropped layers by a linear map in the layer before them, in closed form over part of the data.");
    public static readonly ExperimentOption MaxSteps = new("--max-steps", "finetune.max_steps",
        "End after so many optimiser steps; the learning rate falls accordingly.", "NUMBER");
    public static readonly ExperimentOption Distill = new("--distill", "finetune.distill",
        "Weight, from 0 to 1, of the divergence from what the unpruned model predicts.", "WEIGHT");
    public static readonly ExperimentOption Shard = new("--shard", "finetune.shard",
        "What ranks (mpirun) hold a share each of: none, optimizer, or all, frozen layers too. It changes no result.");
    public static readonly ExperimentOption Offload = new("--offload", "finetune.offload",
        "What a GPU leaves to the machine's memory: none, optimizer, or all, frozen layers too. It changes no result.");
    public static readonly ExperimentOption Parent = new("--parent", "finetune.parent", "The unpruned model, under distillation.", "MODEL");
    public static readonly ExperimentOption Benchmarks = new("--benchmarks", "evaluate.benchmarks",
        "Folder of benchmark tables: VLMEvalKit's TSV files, or others that a benchmarks.json beside them names.", "FOLDER");
    public static readonly Option<string[]> Texts = Files("--texts",
        "Files of plain texts ({\"text\": ...} on each line) whose perplexity is taken, in windows of evaluate.text_tokens tokens.");
    public static readonly Option<string[]> Choices = Files("--choices",
        "Files of contexts with choices ({\"context\", \"choices\", \"answer\"} on each line), of which the likeliest is taken.");
    public static readonly ExperimentOption Only = new("--only", "evaluate.only",
        "Names of the benchmarks to run, separated by commas (default: all that lie in the folder).", "A,B");
    public static readonly ExperimentOption Limit = new("--limit", "evaluate.limit",
        "At most this many rows of each benchmark and file.", "NUMBER");
    public static readonly ExperimentOption Sampling = new("--sampling", "evaluate.sampling",
        "greedy; qwen: temperature 0.7, top-k 20, top-p 0.8, presence penalty 1.5; or checkpoint: as generation_config.json says.");
    public static readonly ExperimentOption Protocol = new("--protocol", "evaluate.protocol", "limited (50 new tokens) or cot (16,384).");

    public static readonly ExperimentOption Rules = new("--rules", "evaluate.rules",
        "Rule set of multiple-choice extraction: 2025-11 or 2026-08.");
    public static readonly ExperimentOption Judge = new("--judge", "evaluate.judge",
        "none, endpoint (an OpenAI-compatible address) or replay (recorded replies).");
    public static readonly ExperimentOption JudgeEndpoint = new("--judge-endpoint", "evaluate.judge_endpoint",
        "The judge's address, such as https://api.openai.com/v1; its key comes from the environment variable INTERLACE_JUDGE_KEY.");
    public static readonly ExperimentOption JudgeModel = new("--judge-model", "evaluate.judge_model", "The judge's model.");
    public static readonly ExperimentOption JudgeReplies = new("--judge-replies", "evaluate.judge_replies",
        "File of recorded replies to replay.");

    /// <summary>The experiment with the files of texts and choices that the command line names.</summary>
    public static Experiment WithTexts(Invocation invocation, Experiment experiment)
    {
        string[]? texts = invocation.Get(Texts), choices = invocation.Get(Choices);
        var options = experiment.Evaluate ?? new();
        if (texts is { Length: > 0 }) options = options with { Texts = texts };
        if (choices is { Length: > 0 }) options = options with { Choices = choices };
        return experiment with { Evaluate = options };
    }

    private static Option<string[]> Files(string name, string description) => new(name)
    {
        Description = description, HelpName = "FILE...", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>A required folder or file to write.</summary>
    public static Option<string> Out(string description, string helpName = "FOLDER") =>
        new("--out") { Description = description, HelpName = helpName, Required = true };
}
