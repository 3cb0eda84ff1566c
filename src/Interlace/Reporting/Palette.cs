namespace Interlace.Reporting;

/// <summary>
/// The colours of charts and pages, each with its counterpart on a dark ground.
/// The hues are Okabe and Ito's, which stay apart for all common kinds of colour blindness; the roles follow
/// the paper's Figure 2 (red, cyan, blue). Charts are drawn in the light colours;
/// a style sheet exchanges them where the reader prefers a dark page.
/// </summary>
internal static class Palette
{
    public static readonly Tone Ink = new("#1F2329", "#E6E9EE");
    public static readonly Tone Muted = new("#5B646F", "#9DA7B3");
    public static readonly Tone Line = new("#D3D8DE", "#3B424C");
    public static readonly Tone Page = new("#FDFDFC", "#15181D");
    public static readonly Tone Card = new("#F3F4F6", "#1E232A");
    public static readonly Tone Good = new("#00704F", "#3CC79A");
    public static readonly Tone Bad = new("#B24A00", "#F58B4C");
    public static readonly Tone Drop = new("#D55E01", "#F0803C");
    public static readonly Tone Tune = new("#56B4E8", "#6CC3F2");
    public static readonly Tone Anchor = new("#0172B2", "#3D8FC7");
    public static readonly Tone Frozen = new("#B4BBC4", "#565F6B");
    public static readonly Tone Protected = new("#8A939E", "#7C8692");
    public static readonly Tone OnLight = new("#14171B", "#101317");
    public static readonly Tone OnDark = new("#FEFEFD", "#FEFEFC");

    /// <summary>Colours of models in charts, in the order of the models.</summary>
    public static readonly Tone[] Models =
        [new("#868E99", "#8B95A1"), Drop, new("#019E73", "#2DBB90"), new("#CC79A7", "#D98FB8"), new("#E69F01", "#F0B43C"),
            new("#5A4FCF", "#9C94F2")];

    /// <summary>Colours of series of which none is the baseline.</summary>
    public static readonly Tone[] Series = [Drop, Anchor, Models[2], Models[3], Models[4], Models[5], Tune, Models[0]];

    public static Tone Of(LayerRole role) => role switch
    {
        LayerRole.Drop => Drop,
        LayerRole.Tune => Tune,
        LayerRole.Anchor => Anchor,
        LayerRole.Protected => Protected,
        _ => Frozen,
    };

    /// <summary>The colour of a letter on a cell of this role.</summary>
    public static Tone LetterOn(LayerRole role) => role is LayerRole.Anchor ? OnDark : OnLight;

    /// <summary>Rules that exchange every colour of an SVG for its dark counterpart; they stand inside a media query.</summary>
    public static string DarkRules { get; } = string.Concat(All().Select(tone =>
        $"[fill=\"{tone.Light}\"]{{fill:{tone.Dark}}}[stroke=\"{tone.Light}\"]{{stroke:{tone.Dark}}}"));

    private static IEnumerable<Tone> All() =>
        new[] { Ink, Muted, Line, Page, Card, Tune, Anchor, Frozen, Protected, OnLight, OnDark }.Concat(Models);
}
