using System.Text.Json;
using Interlace.Artefacts;

namespace Interlace.Pruning;

/// <summary>
/// The artefact <c>evidence/interlace-loss.json</c>: losses without sets of layers, as far as searches asked for them. It holds numbers and
/// no choice: any number of dropped layers, protection and other options of the method are served by it where their losses are there, and
/// searches share what they have in common.
/// </summary>
/// <param name="Layers">Decoder layers of the model, L.</param>
/// <param name="Samples">Samples that were used.</param>
/// <param name="Tokens">Their tokens by class.</param>
/// <param name="AnswerTokens">Tokens that the losses are means over.</param>
/// <param name="Skipped">Samples left out, by reason.</param>
/// <param name="Loss">Mean cross-entropy with all layers.</param>
/// <param name="Rounds">The losses, by what was gone already: few layers first, then in ascending order.</param>
public sealed record MeasuredLosses(string Format, string CreatedBy, EvidenceSettings Settings, int Seed, EvidenceInputs Inputs, int Layers,
    int Samples, IReadOnlyDictionary<string, long> Tokens, long AnswerTokens, IReadOnlyDictionary<string, long> Skipped, double Loss,
    LossRound[] Rounds) : IArtefact
{
    /// <summary>Name and version of the format.</summary>
    public const string CurrentFormat = "interlace-measured-losses/1";

    /// <summary>The losses of a round; NaN where one is no number; null where one was not measured.</summary>
    /// <param name="removed">The layers that are gone already, ascending.</param>
    /// <param name="candidates">Layers that are left out besides, each by itself.</param>
    public double[]? Of(IReadOnlyList<int> removed, IReadOnlyList<int> candidates)
    {
        if (Array.Find(Rounds, round => round.Removed.SequenceEqual(removed)) is not { } found) return candidates.Count == 0 ? [] : null;
        int[] places = [.. candidates.Select(layer => Array.BinarySearch(found.Candidates, layer))];
        return places.All(place => place >= 0) ? [.. places.Select(place => found.Losses[place])] : null;
    }

    /// <summary>The candidates of a round that were not measured yet.</summary>
    internal int[] Missing(IReadOnlyList<int> removed, IReadOnlyList<int> candidates) =>
        [.. candidates.Where(layer => Of(removed, [layer]) is null).Order()];

    /// <summary>The same with more losses, of candidates that were not there.</summary>
    internal MeasuredLosses With(IReadOnlyList<int> removed, IReadOnlyList<int> candidates, IReadOnlyList<double> losses)
    {
        LossRound before = Array.Find(Rounds, round => round.Removed.SequenceEqual(removed)) ?? new([.. removed], [], []);
        var all = before.Candidates.Zip(before.Losses).Concat(candidates.Zip(losses)).OrderBy(pair => pair.First).ToArray();
        LossRound now = new(before.Removed, [.. all.Select(pair => pair.First)], [.. all.Select(pair => pair.Second)]);
        return this with
        {
            Rounds = [.. Rounds.Where(round => round != before).Append(now).OrderBy(round => round.Removed, LayerSets.InOrder)],
        };
    }

    /// <summary>The text of the artefact.</summary>
    public string ToJson() => Artefact.ToText(this, ArtefactJson.Readable<MeasuredLosses>());

    /// <summary>Writes the artefact whole or not at all.</summary>
    public void Save(string path) => Artefact.Save(path, this, ArtefactJson.Readable<MeasuredLosses>());

    /// <summary>True where the other one was measured with the same model, samples and settings, whatever was measured.</summary>
    public bool IsOfTheSame(MeasuredLosses other) =>
        (this with { Loss = 0, Rounds = [] }).ToJson() == (other with { Loss = 0, Rounds = [] }).ToJson();

    /// <summary>Reads and checks an artefact.</summary>
    /// <exception cref="Vlm.InputException">It is absent, of another format, or holds what cannot be.</exception>
    public static MeasuredLosses Load(string path) =>
        Artefact.Load(path, ArtefactJson.Readable<MeasuredLosses>(), CurrentFormat,
            $"measure it with calibrate --evidence {EvidenceFiles.InterlaceLoss}", "holds no valid losses", found =>
        {
            Counts.Check(found.Layers, "layers", least: 1, most: Counts.MostLayers);
            Counts.CheckSamples(found.Samples, found.AnswerTokens, found.Tokens, found.Skipped);
            Counts.CheckNumbers([found.Loss], "losses", least: 0);
            foreach (var (removed, candidates, losses) in found.Rounds)
            {
                Counts.CheckLayers(removed, "removed layers", found.Layers);
                Counts.CheckLayers(candidates, "candidates", found.Layers);
                if (removed.Intersect(candidates).Any()) throw new JsonException("a layer that is gone is a candidate in it");
                if (losses.Length != candidates.Length) throw new JsonException("a round of it lacks a loss");
                Counts.CheckNumbers(losses.Where(loss => !double.IsNaN(loss)), "losses", least: 0);
            }
            if (found.Rounds.DistinctBy(round => string.Join(',', round.Removed)).Count() < found.Rounds.Length)
                throw new JsonException("a round stands in it twice");
        });
}

/// <summary>Losses without each of some layers, where others are gone already.</summary>
/// <param name="Removed">The layers that are gone, ascending.</param>
/// <param name="Candidates">The layers that are left out besides, each by itself, ascending.</param>
/// <param name="Losses">[candidates] mean cross-entropy without each of them; not a number where it is none.</param>
public sealed record LossRound(int[] Removed, int[] Candidates, double[] Losses);
