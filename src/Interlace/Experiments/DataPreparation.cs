namespace Interlace.Experiments;

/// <summary>
/// Which rows are drawn and what is made of them, as artefacts record it where it is not the default: values of <see cref="DataOptions"/>
/// and of <see cref="CalibrationOptions"/>.
/// </summary>
/// <param name="Format">auto, finevision, llava, messages or text.</param>
/// <param name="Draw">seeded or first.</param>
/// <param name="Counts">files or published.</param>
/// <param name="Turns">filter or truncate.</param>
/// <param name="Incomplete">skip or keep.</param>
/// <param name="Reencode">none or jpeg.</param>
/// <param name="Calibration">ranks or python.</param>
/// <param name="Transparency">white or dropped.</param>
/// <param name="TextTokens">Most tokens of a plain text; null where only the limit of all samples holds.</param>
public sealed record DataPreparation(string Format = "auto", string Draw = "seeded", string Counts = "files", string Turns = "filter",
    string Incomplete = "skip", string Reencode = "none", string Calibration = "ranks",
    string Transparency = "white", [property: LaterOption] int? TextTokens = null)
{
    /// <summary>That of a complete experiment; null where everything is the default.</summary>
    public static DataPreparation? Of(Experiment experiment)
    {
        var data = experiment.Data!;
        var own = new DataPreparation(data.Format, data.Draw, data.Counts, data.Turns, data.Incomplete, data.Reencode,
            experiment.Calibrate!.Draw, data.Transparency, data.TextTokens);
        return own == new DataPreparation() ? null : own;
    }
}
