namespace Interlace.Reporting.Paper;

/// <summary>What was done to a model before it was asked. Evaluations of equal treatment (but for the seed) are one row
/// of a table.</summary>
/// <param name="Method">Name of the selection or sparsity method; <see cref="Untouched"/> for nothing.</param>
/// <param name="Dropped">Layers dropped.</param>
/// <param name="Pattern">Of weight sparsity: 2:4 and the like.</param>
/// <param name="Detail">What else differs from the method's defaults, such as <c>optimal</c>; empty for nothing.</param>
/// <param name="Tuned">Whether layers were tuned.</param>
internal sealed record Treatment(string Method, int Dropped, string? Pattern, string Detail, bool Tuned)
{
    /// <summary>How the name of a method that tunes ends where nothing was tuned.</summary>
    public const string Untuned = ", untuned";

    /// <summary>The method of a model as it is.</summary>
    public const string Untouched = "none";

    /// <summary>Methods in the order of the paper's tables, the competitors first; with their names there.</summary>
    private static readonly (string Method, string Name, Family Family)[] Known =
    [
        (Untouched, "Dense", Family.Dense), ("dense", "Dense", Family.Dense),
        ("wanda", "Wanda", Family.Competitor), ("magnitude", "Magnitude", Family.Competitor),
        ("sleb", "SLEB", Family.Competitor), ("short-gpt", "ShortGPT", Family.Competitor), ("streamline", "Streamline", Family.Competitor),
        ("angular", "Angular", Family.Competitor),
        ("perplexity", "Perplexity", Family.Competitor), ("taylor", "Taylor", Family.Competitor),
        ("magnitude-block", "Magnitude (layers)", Family.Competitor),
        ("consecutive", "Consecutive", Family.Ablation), ("random", "Random", Family.Ablation),
        ("ordered", "Interlace-OA", Family.Ablation), ("train-next", "Interlace-TN", Family.Ablation),
        ("interlace", "Interlace", Family.Interlace),
    ];

    /// <summary>A model as it is.</summary>
    public static Treatment Dense { get; } = new(Untouched, 0, null, "", false);

    /// <summary>What the paper uses the method for.</summary>
    public Family Family =>
        Detail.Length > 0 ? Family.Competitor : Array.Find(Known,
            known => known.Method == Method) is { Name: not null } found ? found.Family : Family.Competitor;

    /// <summary>Place among the rows of a table.</summary>
    public int Place => Array.FindIndex(Known, known => known.Method == Method) is >= 0 and int place ? place : Known.Length - 6;

    /// <summary>The name in the paper's tables: a method that tunes nothing by itself is called -FT when it was tuned.</summary>
    public string Name
    {
        get
        {
            string name = Array.Find(Known, known => known.Method == Method).Name ?? Method;
            if (Pattern is not null) name += $" {Pattern}";
            if (Detail.Length > 0) name += $" ({Detail})";
            bool tunes = Family is Family.Interlace or Family.Ablation || Method == "streamline"
                || (Detail.Length > 0 && Method == "interlace");
            return Tuned && !tunes ? name + "-FT" : !Tuned && tunes ? name + Untuned : name;
        }
    }
}
