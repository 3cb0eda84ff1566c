using System.Text;
using Interlace.Evaluation.Tables;

namespace Interlace.Bench.Figures;

/// <summary>
/// A table of 1 GB, 1,000 rows with an image of 1 MB each: how long opening it takes, and the memory of opening it and reading every tenth
/// image.
/// </summary>
internal static class TableFigures
{
    private const int Rows = 1000, ImageBytes = 786_432;   // 1 MiB of base64

    /// <summary>Time and memory.</summary>
    public static IEnumerable<Figure> Run()
    {
        string folder = Files.Scratch();
        try
        {
            string path = Path.Combine(folder, "table.tsv");
            long bytes = Write(path), before = Processes.HighWater();
            BenchmarkTable? table = null;
            double open = Turns.Seconds(() => table = BenchmarkTable.Open(path, hash: true)), read = Turns.Seconds(() => Read(path));
            using (table) for (int i = 0; i < table!.Rows.Count; i += 10) table.Images(table.Rows[i]);
            string what = $"a table of {Turns.Size(bytes)}, {Rows} rows";
            yield return Figure.Of($"{what}: opened and hashed", "the hash", ("opened", [open]), ("read", [read]), Turns.Time);
            yield return Figure.Of($"{what}: memory for every tenth image", "< 0.1", ("more", [Processes.HighWater() - before]),
                ("table", [bytes]), Turns.Size);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Read(string path)
    {
        using var file = File.OpenRead(path);
        byte[] buffer = new byte[1 << 20];
        while (file.Read(buffer) > 0) { }
    }

    private static long Write(string path)
    {
        using var file = File.Create(path);
        file.Write("index\timage\tquestion\tanswer\n"u8);
        byte[] image = new byte[ImageBytes];
        for (int i = 0; i < Rows; i++)
        {
            image[i] = (byte)i;
            file.Write(Encoding.ASCII.GetBytes($"{i}\t{Convert.ToBase64String(image)}\tWhat is this?\tnothing\n"));
        }
        return file.Length;
    }
}
