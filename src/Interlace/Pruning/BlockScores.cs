using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>
/// The artefacts <c>evidence/perplexity.json</c>, <c>evidence/taylor.json</c> and <c>evidence/magnitude-block.json</c>:
/// one number per layer; the lowest go first (Kim et al. 2024, Shortened LLM).
/// </summary>
/// <param name="Measure">perplexity: the loss without the layer; taylor: the sum of |weight x gradient| over the layer; magnitude-block:
/// the sum of |weight|.</param>
/// <param name="Settings">What decided the numbers; null where no data was needed.</param>
/// <param name="Layers">Decoder layers of the model, L.</param>
/// <param name="Samples">Samples that were used.</param>
/// <param name="Tokens">Their tokens by class.</param>
/// <param name="AnswerTokens">Tokens that the losses are means over.</param>
/// <param name="Skipped">Samples left out, by reason.</param>
/// <param name="Loss">Mean cross-entropy with all layers; null where no data was needed.</param>
/// <param name="Scores">[L] the numbers.</param>
public sealed record BlockScores(string Format, string CreatedBy, string Measure, EvidenceSettings? Settings, int Seed,
    EvidenceInputs Inputs, int Layers,
    int Samples, IReadOnlyDictionary<string, long> Tokens, long AnswerTokens, IReadOnlyDictionary<string, long> Skipped, double? Loss,
    double[] Scores) : IArtefact
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-block-scores/1";

    /// <summary>The text of the artefact.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<BlockScores>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<BlockScores>());

    /// <summary>Reads and checks an artefact.</summary>
    /// <param name="path">The file.</param>
    /// <param name="measure">What it must hold; anything where absent.</param>
    /// <exception cref="InputException">It is absent, of another format or measure, or its numbers are not one per layer.</exception>
    public static BlockScores Load(string path, string? measure = null) =>
        Artefact.Load(path, ArtefactJson.Readable<BlockScores>(), CurrentFormat, $"measure it with calibrate --evidence {measure}",
            "holds no valid scores of layers", found =>
        {
            if (found.Measure != (measure ?? found.Measure)) throw new JsonException($"it holds {found.Measure}, not {measure}");
            if (found.Scores.Length != found.Layers)
                throw new JsonException($"it has {found.Scores.Length} numbers for {found.Layers} layers");
            Counts.Check(found.Layers, "layers", least: 1, most: Counts.MostLayers);
            Counts.CheckSamples(found.Samples, found.AnswerTokens, found.Tokens, found.Skipped);
            Counts.CheckNumbers(found.Loss is { } loss ? [.. found.Scores, loss] : found.Scores, "numbers", least: 0);
        });
}
