using System.Text.Json;
using Interlace.Artefacts;
using Interlace.Pruning.Losses;
using Interlace.Vlm;

namespace Interlace.Pruning;

/// <summary>
/// The artefact <c>evidence/sleb.json</c>: the order in which SLEB removes layers, with the losses of every round.
/// It serves every plan that drops no more layers than it has rounds.
/// </summary>
/// <param name="Layers">Decoder layers of the model, L.</param>
/// <param name="ProtectedLayers">Layers below this number were no candidates.</param>
/// <param name="Samples">Samples that were used.</param>
/// <param name="Tokens">Their tokens by class.</param>
/// <param name="AnswerTokens">Tokens that the losses are means over.</param>
/// <param name="Skipped">Samples left out, by reason.</param>
/// <param name="Loss">Mean cross-entropy with all layers.</param>
/// <param name="Rounds">The rounds, in order.</param>
public sealed record RemovalOrder(string Format, string CreatedBy, EvidenceSettings Settings, int Seed, EvidenceInputs Inputs, int Layers,
    int ProtectedLayers,
    int Samples, IReadOnlyDictionary<string, long> Tokens, long AnswerTokens, IReadOnlyDictionary<string, long> Skipped, double Loss,
    RemovalRound[] Rounds) : IArtefact
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-removal-order/1";

    /// <summary>The text of the artefact.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<RemovalOrder>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<RemovalOrder>());

    /// <summary>True where the other one was measured with the same model, samples and settings, whatever its rounds.</summary>
    public bool IsOfTheSame(RemovalOrder other) =>
        (this with { Loss = 0, Rounds = [] }).ToJson() == (other with { Loss = 0, Rounds = [] }).ToJson();

    /// <summary>Reads and checks an artefact.</summary>
    /// <exception cref="InputException">It is absent, of another format, or its rounds do not follow from each other.</exception>
    public static RemovalOrder Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<RemovalOrder>(), CurrentFormat,
            $"measure it with calibrate --evidence {EvidenceFiles.Sleb}", "is no valid order of removal", found =>
        {
            Counts.Check(found.Layers, "layers", least: 1, most: Counts.MostLayers);
            Counts.Check(found.ProtectedLayers, "protected layers", most: found.Layers);
            Counts.Check(found.Rounds.Length, "rounds", most: SlebSearch.Largest(found.Layers, found.ProtectedLayers));
            Counts.CheckSamples(found.Samples, found.AnswerTokens, found.Tokens, found.Skipped);
            Counts.CheckNumbers([found.Loss, .. found.Rounds.SelectMany(round => round.Losses).Where(loss => !double.IsNaN(loss))],
                "losses", least: 0);
            for (int r = 0; r < found.Rounds.Length; r++)
            {
                var (removed, candidates, losses) = found.Rounds[r];
                if (!candidates.SequenceEqual(SlebSearch.Candidates(found.Layers, found.ProtectedLayers,
                    found.Rounds.Take(r).Select(round => round.Removed))) || !candidates.Contains(removed))
                    throw new JsonException($"the layers of its round {r} do not follow from the rounds before it");
                if (losses.Length != candidates.Length || !double.IsFinite(found.Rounds[r].Loss))
                    throw new JsonException($"its round {r} lacks a loss");
            }
        });
}
