namespace Interlace.Vlm.Text.Tokenizing;

/// <summary>The settings of a Metaspace: a visible sign for the space, which as a rule also stands before the first word.</summary>
internal sealed record Metaspace(char Replacement, PrependScheme Scheme, bool Splits)
{
    /// <summary>Reads it; <c>add_prefix_space</c> is how older files write the scheme.</summary>
    public static Metaspace Read(Component step)
    {
        step.Allow("replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep");
        PrependScheme scheme = step.Text("prepend_scheme") switch
        {
            null or "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            { } other => throw step.Refused($"prepend_scheme {Printable.Quote(other)}"),
        };
        if (!step.Flag("add_prefix_space", absent: true))
        {
            if (step.Text("prepend_scheme") is not (null or "never"))
                throw step.Refused("add_prefix_space that contradicts its prepend_scheme");
            scheme = PrependScheme.Never;
        }
        return new(step.Character("replacement"), scheme, step.Flag("split", absent: true));
    }

    /// <summary>Spaces become the sign, and it is put before the pieces of the scheme that do not begin with it.</summary>
    public Pieces Replace(Pieces pieces)
    {
        pieces = pieces with { Text = pieces.Text.Replace(" ", Sign) };   // one character for another: the pieces stay where they are
        return Scheme == PrependScheme.Never ? pieces : pieces.Prepend(Sign, LacksSign);
    }

    private string Sign => $"{Replacement}";

    private bool LacksSign(AlignedText text, int start) =>
        text.Text[start] != Replacement && (Scheme == PrependScheme.Always || text.Origin(start, start + 1).Start == 0);
}
