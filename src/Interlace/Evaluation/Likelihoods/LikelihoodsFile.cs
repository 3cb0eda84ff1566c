using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Interlace.Artefacts;
using Interlace.Vlm;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>
/// The artefact <c>likelihoods.json</c>: how likely a model finds texts (perplexity), and which choices it finds likelier than others.
/// </summary>
/// <param name="Format">Name and version of the format.</param>
/// <param name="CreatedBy">The program.</param>
/// <param name="Settings">What decides the numbers besides model and files.</param>
/// <param name="Seed">Seed of the intervals.</param>
/// <param name="Inputs">The model and the files.</param>
/// <param name="Texts">Perplexities by file.</param>
/// <param name="Choices">Shares of right choices by file.</param>
public sealed record LikelihoodsFile(string Format, string CreatedBy, LikelihoodSettings Settings, int Seed, LikelihoodInputs Inputs,
    TextResult[] Texts, ChoiceResult[] Choices) : IArtefact
{
    /// <summary>The artefact's usual name.</summary>
    public const string Name = "likelihoods.json";

    /// <summary>The artefact without results, while rows are measured.</summary>
    public const string StateName = "likelihoods.state.json";

    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-likelihoods/1";

    /// <summary>Rows that were left out, a sentence for each file.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Remarks => [.. Texts.Select(text => text.LeftOut).Concat(Choices.Select(choice => choice.LeftOut))
        .OfType<string>()];

    /// <summary>Whether rows of the other may be gone on with: everything is the same but the results.</summary>
    internal bool IsSameWorkAs(LikelihoodsFile other) => Hash(this) == Hash(other);

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<LikelihoodsFile>());

    /// <summary>The artefact's content.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, ArtefactJson.Readable<LikelihoodsFile>())!;

    /// <summary>Reads an artefact.</summary>
    /// <exception cref="InputException">It is absent or of another format.</exception>
    public static LikelihoodsFile Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<LikelihoodsFile>(), CurrentFormat, "evaluate the model on texts or choices first",
            "holds no valid likelihoods", found =>
        {
            if (found.Texts.DistinctBy(text => text.Name).Count() < found.Texts.Length
                || found.Choices.DistinctBy(choice => choice.Name).Count() < found.Choices.Length)
                throw new JsonException("a file stands in it twice");
            foreach (var text in found.Texts)
            {
                Counts.Check(text.Rows, "rows", least: 1);
                Counts.Check(text.Tokens, "tokens", least: 1);
                Counts.Check(text.Skipped, "skipped rows");
                if (text.Interval is { Length: not 2 }) throw new JsonException("an interval has not two ends");
                Counts.CheckNumbers([text.Perplexity, .. text.Interval ?? []], "perplexities", 1);
                Counts.CheckNumbers([text.Loss], "losses", 0);
            }
            foreach (var choice in found.Choices)
            {
                Counts.Check(choice.Rows, "rows", least: 1);
                Counts.Check(choice.Skipped, "skipped rows");
                if (choice.Interval is { Length: not 2 }) throw new JsonException("an interval has not two ends");
                Counts.CheckNumbers([choice.Percent, choice.PercentBySum, choice.Chance, .. choice.Interval ?? []], "percentages", 0, 100);
            }
        });

    private static string Hash(LikelihoodsFile file) =>
        Hashes.Of(file with { Texts = [], Choices = [] }, ArtefactJson.Escaped<LikelihoodsFile>());
}
