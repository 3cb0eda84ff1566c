using System.Globalization;
using System.Text;

namespace Interlace.Reporting;

/// <summary>A plan drawn as one row of layers.</summary>
public static class PlanRow
{
    /// <summary>The roles that a legend names, in its order.</summary>
    public static IReadOnlyList<LayerRole> Legend { get; } =
        [LayerRole.Drop, LayerRole.Tune, LayerRole.Anchor, LayerRole.Frozen, LayerRole.Protected];

    /// <summary>[L]: the role of every layer of the unpruned model.</summary>
    /// <exception cref="ArgumentException">A layer lies outside the model.</exception>
    public static LayerRole[] Roles(PlanData plan)
    {
        LayerRole[] roles = new LayerRole[plan.LayerCount];
        Array.Fill(roles, LayerRole.Protected, 0, Math.Min(plan.ProtectedCount, roles.Length));
        foreach (int start in plan.Triplets ?? []) Mark(roles, [start, start + 1, start + 2], LayerRole.Anchor);
        Mark(roles, plan.Tune, LayerRole.Tune);
        Mark(roles, plan.Drop, LayerRole.Drop);
        return roles;
    }

    /// <summary>The character that stands for a role.</summary>
    public static char Symbol(LayerRole role) => role switch
    {
        LayerRole.Drop => 'D',
        LayerRole.Tune => 'T',
        LayerRole.Anchor => 'F',
        LayerRole.Protected => 'P',
        _ => '.',
    };

    /// <summary>What a role is called.</summary>
    public static string Name(LayerRole role) => role switch
    {
        LayerRole.Drop => "dropped",
        LayerRole.Tune => "tuned",
        LayerRole.Anchor => "frozen anchor",
        LayerRole.Protected => "protected",
        _ => "frozen",
    };

    /// <summary>
    /// The plan for a terminal: a ruler, a row of one character a layer, and a legend of the roles that occur.
    /// More layers than <paramref name="width"/> go on in further rows.
    /// Lines end with a line feed, the last one too.
    /// </summary>
    public static string Text(PlanData plan, int width = 72)
    {
        LayerRole[] roles = Roles(plan);
        StringBuilder text = new();
        for (int first = 0; first < roles.Length; first += width)
        {
            int count = Math.Min(width, roles.Length - first);
            text.Append("layer ").Append(Ruler(first, count)).Append('\n');
            text.Append("      ").Append([.. roles.AsSpan(first, count).ToArray().Select(Symbol)]).Append('\n');
        }
        return text.AppendJoin("  ", Legend.Where(roles.Contains).Select(role => $"{Symbol(role)} {Name(role)}")).Append('\n').ToString();
    }

    /// <summary>
    /// The plan as a self-contained SVG of numbered cells. <paramref name="columns"/> cells stand in a line. Lettered and coloured;
    /// dark where the reader prefers it.
    /// </summary>
    public static string Svg(PlanData plan, int columns = 36) => Svg(plan, columns, standalone: true);

    internal static string Svg(PlanData plan, int columns, bool standalone)
    {
        LayerRole[] roles = Roles(plan);
        const int cell = 24, pitch = 26, line = 46, legend = 24;
        columns = Math.Max(1, Math.Min(columns, roles.Length));
        int lines = (roles.Length + columns - 1) / columns;
        LayerRole[] present = [.. Legend.Where(roles.Contains)];
        (int x, int y)[] places = LegendPlaces(present, Math.Max(columns * pitch, 220));
        int height = lines * line + 6 + (places.Length == 0 ? 0 : places[^1].y + legend), width = Math.Max(columns * pitch, 220);

        SvgWriter svg = new(width, height,
            $"Plan of {roles.Length} layers: {string.Join(", ", present.Select(role => $"{roles.Count(r => r == role)} {Name(role)}"))}",
            standalone);
        for (int l = 0; l < roles.Length; l++)
        {
            int x = l % columns * pitch, y = l / columns * line;
            svg.Text(x + cell / 2, y + 11, 10, Palette.Muted, l.ToString(CultureInfo.InvariantCulture), "middle");
            svg.Rectangle(x, y + 15, cell, cell, Palette.Of(roles[l]), $"layer {l}: {Name(roles[l])}");
            if (roles[l] != LayerRole.Frozen)
                svg.Text(x + cell / 2, y + 31, 12, Palette.LetterOn(roles[l]), Symbol(roles[l]).ToString(), "middle");
        }
        foreach ((LayerRole role, (int x, int y)) in present.Zip(places))
        {
            svg.Rectangle(x, lines * line + 6 + y, 14, 14, Palette.Of(role));
            svg.Text(x + 20, lines * line + 17 + y, 12, Palette.Ink, Name(role), "start");
        }
        return svg.Finish();
    }

    private static (int x, int y)[] LegendPlaces(LayerRole[] roles, int width)
    {
        List<(int, int)> places = [];
        int x = 0, y = 0;
        foreach (LayerRole role in roles)
        {
            int needed = 32 + (int)ChartFont.Width(Name(role), 12);
            if (x > 0 && x + needed > width) (x, y) = (0, y + 20);
            places.Add((x, y));
            x += needed;
        }
        return [.. places];
    }

    private static string Ruler(int first, int count)
    {
        char[] ruler = new char[count];
        Array.Fill(ruler, ' ');
        for (int l = first; l < first + count; l++)
        {
            if (l % 10 != 0 && l != first) continue;
            string number = l.ToString(CultureInfo.InvariantCulture);
            bool free = l - first + number.Length <= count && ruler.AsSpan(Math.Max(0, l - first - 1), number.Length).Trim(' ').IsEmpty;
            if (free) number.CopyTo(0, ruler, l - first, number.Length);
        }
        return new string(ruler).TrimEnd();
    }

    private static void Mark(LayerRole[] roles, IEnumerable<int> layers, LayerRole role)
    {
        foreach (int l in layers)
            roles[l >= 0 && l < roles.Length
                ? l : throw new ArgumentException($"Layer {l} lies outside a model of {roles.Length} layers.", nameof(layers))] = role;
    }
}
