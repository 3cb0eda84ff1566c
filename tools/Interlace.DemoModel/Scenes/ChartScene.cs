using Interlace.DemoModel.Sources;

namespace Interlace.DemoModel.Scenes;

/// <summary>A chart of two to four bars of different colours and heights in some of four columns, with a grid line every three units.</summary>
internal static class ChartScene
{
    private const int Base = 60, Unit = 6, Column = 16;
    private static readonly string[] Counts = ["2", "3", "4", "5"];

    public static Scene Draw(Chance chance, SceneSources sources)
    {
        var canvas = Canvas.Plain((byte)chance.Between(235, 255), (byte)chance.Between(235, 255), (byte)chance.Between(235, 255));
        int count = chance.Pick([2, 3, 3, 4]), width = chance.Between(8, 11);
        int[] colours = chance.Sample(Enumerable.Range(0, Colours.Names.Count), count), values = chance.Sample(Enumerable.Range(1, 9), count);
        int[] columns = [.. chance.Sample(Enumerable.Range(0, Canvas.Side / Column), count).Order()];
        for (int v = 0; v < 10; v += 3) canvas.Fill(1, Base - v * Unit, 63, Base - v * Unit, (190, 190, 195));
        canvas.Fill(1, 3, 1, Base, (60, 60, 60));
        canvas.Fill(1, Base, 63, Base, (60, 60, 60));
        string[] names = [.. colours.Select(c => Colours.Names[c])];
        var marks = new List<Mark>();
        for (int i = 0; i < count; i++)
        {
            int x = columns[i] * Column + (Column - width) / 2;
            canvas.Fill(x, Base - values[i] * Unit, x + width, Base - 1, Colours.Values[colours[i]]);
            marks.Add(new(new(x, Base - values[i] * Unit, width + 1, values[i] * Unit), names[i], $"{values[i]}"));
        }
        string caption = string.Join(", ", names.Zip(values, (name, value) => $"{name} {value}"));
        return new("charts", canvas.ToImage(), caption, Questions(chance, names, values), marks,
            [new("What is its value?", chance.Shuffled(names.Zip(values, (name, value) => (name, $"{value}")))), Drill.OfPresence(chance, names, Colours.Names)]);
    }

    private static List<Question> Questions(Chance chance, string[] names, int[] values)
    {
        int one = chance.Below(names.Length);
        int[] pair = chance.Sample(Enumerable.Range(0, names.Length), 2), other = chance.Sample(Enumerable.Range(0, names.Length), 2), third = chance.Sample(Enumerable.Range(0, names.Length), 2);
        (int high, int low) = values[other[0]] > values[other[1]] ? (other[0], other[1]) : (other[1], other[0]);
        (int tall, int small) = values[third[0]] > values[third[1]] ? (third[0], third[1]) : (third[1], third[0]);
        return
        [
            new("value", $"What is the value of the {names[one]} bar?", $"{values[one]}"),
            new("highest", "Which color is the tallest bar?", names[Array.IndexOf(values, values.Max())], names),
            new("lowest", "Which color is the shortest bar?", names[Array.IndexOf(values, values.Min())], names),
            new("bar-count", "How many bars are there?", $"{names.Length}", Counts),
            new("difference", $"What is the difference between the {names[pair[0]]} bar and the {names[pair[1]]} bar?", $"{Math.Abs(values[pair[0]] - values[pair[1]])}"),
            Question.OfYesNo($"Is the {names[high]} bar taller than the {names[low]} bar?", true),
            Question.OfYesNo($"Is the {names[small]} bar taller than the {names[tall]} bar?", false),
        ];
    }
}
