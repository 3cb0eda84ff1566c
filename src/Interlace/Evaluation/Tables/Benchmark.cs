using System.Text.Json.Serialization;

namespace Interlace.Evaluation.Tables;

/// <summary>One benchmark: a row of data, no code.</summary>
/// <param name="Name">The name in tables and reports.</param>
/// <param name="File">The file name of its table.</param>
/// <param name="Kind">Its scorer.</param>
/// <param name="Group">The group it is averaged in, or null for none.</param>
/// <param name="Prompt">What follows the question; null takes what the kind usually asks.</param>
/// <param name="Headline">What its headline number is called; null takes the kind's.</param>
/// <param name="HeadlineSplit">The only split the headline counts, or null for all rows.</param>
/// <param name="Md5">MD5 of the published table; another content is worth a warning, not an error.</param>
/// <param name="Rows">Rows of the published table, where known.</param>
/// <param name="Pixels">Pixel bounds of the published protocol; null leaves images to the model's processor.</param>
/// <param name="PublishedAs">The name VLMEvalKit gives it, where it differs.</param>
public sealed record Benchmark(
    string Name,
    string File,
    BenchmarkKind Kind,
    string? Group = null,
    PromptKind? Prompt = null,
    string? Headline = null,
    string? HeadlineSplit = null,
    string? Md5 = null,
    int? Rows = null,
    PixelBounds? Pixels = null,
    string? PublishedAs = null)
{
    /// <summary>What follows the question, the kind's usual prompt where the row names none.</summary>
    [JsonIgnore]
    public PromptKind PromptKind => Prompt ?? Kind switch
    {
        BenchmarkKind.Choice or BenchmarkKind.Circular or BenchmarkKind.Cycle => PromptKind.Choice,
        BenchmarkKind.Vqa or BenchmarkKind.Relaxed or BenchmarkKind.Anls => PromptKind.ShortAnswer,
        _ => PromptKind.Question,
    };

    /// <summary>The name of the headline number, in percent.</summary>
    [JsonIgnore]
    public string HeadlineName => Headline ?? Kind switch
    {
        BenchmarkKind.Choice => "accuracy",
        BenchmarkKind.Circular => "circular accuracy",
        BenchmarkKind.Cycle => "accuracy averaged over cycles",
        BenchmarkKind.YesNo => "F1",
        BenchmarkKind.Vqa => "VQA accuracy",
        BenchmarkKind.Relaxed => "relaxed accuracy",
        BenchmarkKind.Anls => "ANLS",
        BenchmarkKind.Contains => "answers contained",
        _ => "judge's total score",
    };
}
