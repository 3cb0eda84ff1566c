using System.Diagnostics;
using System.Text;
using Interlace.Evaluation.Tables;

namespace Interlace.Bench;

/// <summary>A table of 1 GB, 1,000 rows with an image of 1 MB each: how long opening it takes, and the peak of memory of opening it and reading every tenth image.</summary>
internal static class TableBenchmark
{
    private const int Rows = 1000, ImageBytes = 786_432;   // 1 MiB of base64

    public static void Run()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("interlace-bench-");
        try
        {
            string path = Path.Combine(folder.FullName, "table.tsv");
            long bytes = Write(path), before = Peak();
            var clock = Stopwatch.StartNew();
            using var table = BenchmarkTable.Open(path, hash: true);
            double seconds = clock.Elapsed.TotalSeconds;
            long opened = Peak(), read = 0;
            for (int i = 0; i < table.Rows.Count; i += 10) read += table.Images(table.Rows[i]).Sum(image => (long)image.Length);
            Console.WriteLine($"table of {bytes / 1e6:0} MB, {table.Rows.Count} rows: opened and hashed in {seconds:0.0} s ({bytes / 1e6 / seconds:0} MB/s); "
                + $"peak of memory {before / 1e6:0} MB before, {opened / 1e6:0} MB after opening, {Peak() / 1e6:0} MB after reading {read / 1e6:0} MB of images one by one");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
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

    private static long Peak()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
