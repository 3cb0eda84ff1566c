using System.Xml.Linq;
using CsCheck;
using Interlace.Reporting;

namespace Interlace.Tests.Reporting;

public sealed class PlanRowTests
{
    [Fact]
    public void Text_shows_every_layer_by_its_role() => Assert.Equal(
        """
        layer 0         10
              PPTDFDTFTDF.TDF.
        D dropped  T tuned  F frozen anchor  . frozen  P protected

        """.ReplaceLineEndings("\n"), PlanRow.Text(SampleReport.Plan));

    [Fact]
    public void A_tuned_layer_that_is_protected_counts_as_tuned() =>
        Assert.Equal([LayerRole.Protected, LayerRole.Tune, LayerRole.Drop, LayerRole.Anchor, LayerRole.Frozen], PlanRow.Roles(new(5, Drop: [2], Tune: [1], Freeze: [0, 3, 4], ProtectedCount: 2, Triplets: [1])));

    [Fact]
    public void Layers_beyond_the_width_go_on_in_further_rows()
    {
        string[] lines = PlanRow.Text(new(36, [20], [21], []), width: 15).Split('\n');
        Assert.Equal(["layer 0         10", "      ...............", "layer 15   20", "      .....DT........", "layer 30", "      ......", "D dropped  T tuned  . frozen", ""], lines);
    }

    [Fact]
    public void Rows_of_any_plan_hold_as_many_symbols_as_there_are_layers() => Gen.Select(Gen.Int[1, 130], Gen.Int[1, 90]).Sample((layers, width) =>
    {
        string[] lines = PlanRow.Text(new(layers, [0], [], []), width).Split('\n');
        Assert.Equal(layers, lines.Where((_, i) => i % 2 == 1 && i < lines.Length - 2).Sum(line => line.Trim().Length));
        Assert.All(lines.Take(lines.Length - 2), line => Assert.InRange(line.Length, 0, 6 + width));
    }, iter: 300);

    [Fact]
    public void A_layer_outside_the_model_is_refused()
    {
        Assert.Contains("Layer 4 lies outside a model of 4 layers", Assert.Throws<ArgumentException>(() => PlanRow.Roles(new(4, Drop: [4], Tune: [], Freeze: []))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PlanRow.Roles(new(4, Drop: [1], Tune: [], Freeze: [], Triplets: [-1])));
        Assert.Throws<ArgumentException>(() => PlanRow.Roles(new(4, Drop: [1], Tune: [], Freeze: [], Triplets: [2])));
    }

    [Fact]
    public void The_drawing_has_one_cell_a_layer_and_a_swatch_a_role()
    {
        XElement svg = XDocument.Parse(PlanRow.Svg(SampleReport.Plan, columns: 7)).Root!;
        Assert.Equal(16 + 5, svg.Descendants().Count(element => element.Name.LocalName == "rect"));
        Assert.Equal("layer 9: dropped", svg.Descendants().Where(element => element.Name.LocalName == "title").ElementAt(9).Value);
        Assert.Contains("4 dropped, 4 tuned", (string)svg.Attribute("aria-label")!, StringComparison.Ordinal);
    }
}
