using System.Runtime.InteropServices;
using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using ParquetSharp;
using ParquetSharp.Schema;
using SkiaSharp;

namespace Interlace.DemoModel.Data;

/// <summary>Writes tuning data in FineVision's schema: a folder for each family of scenes.</summary>
public static class TuningData
{
    private const int RowsPerGroup = 100;

    /// <summary>Rows of each set.</summary>
    public static IReadOnlyDictionary<string, int> Sizes { get; } = new Dictionary<string, int> { ["garments"] = 1000, ["digits"] = 600, ["objects"] = 450, ["words"] = 400, ["charts"] = 550 };

    /// <summary>Draws and writes the sets. The scenes are of the training part of the sources and of a sequence of their own: training sees none of them.</summary>
    /// <param name="folder">Where the sets' folders go.</param>
    /// <param name="sources">What scenes are drawn from.</param>
    /// <param name="seed">Decides everything.</param>
    /// <param name="sizes">Rows of each set.</param>
    public static void Write(string folder, SceneSources sources, long seed, IReadOnlyDictionary<string, int> sizes)
    {
        foreach (var (set, rows) in sizes)
        {
            string path = Path.Combine(folder, set, "train-00000-of-00001.parquet");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var make = SceneFamilies.Of(set);
            var drawn = Enumerable.Range(0, rows).AsParallel().AsOrdered().Select(i =>
            {
                var chance = Chance.Of($"tuning {set}", seed, i);
                Scene scene = make(chance, sources);
                return new Row(Jpeg(scene), $"{set}_{i:00000}.jpg", Turns.Of(scene, chance, Lesson.Tuning), set);
            });
            WriteFile(path, [.. drawn]);
        }
    }

    /// <summary>A scene's image as a JPEG without subsampling of colours.</summary>
    public static byte[] Jpeg(Scene scene)
    {
        byte[] pixels = scene.Image.Pixels;
        using var bitmap = new SKBitmap(new SKImageInfo(scene.Image.Width, scene.Image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        byte[] rgba = new byte[bitmap.ByteCount];
        for (int i = 0; i < rgba.Length / 4; i++) (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) = (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2], 255);
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        using SKPixmap map = bitmap.PeekPixels();
        using SKData data = map.Encode(new SKJpegEncoderOptions(90, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore)) ?? throw new InvalidOperationException("the image could not be encoded");
        return data.ToArray();
    }

    private sealed record Row(byte[] Image, string Path, IReadOnlyList<Turn> Turns, string Source);

    private static void WriteFile(string path, Row[] rows)
    {
        using var builder = new WriterPropertiesBuilder();
        using var properties = builder.Compression(Compression.Snappy).CreatedBy("interlace demo model").Build();
        using var schema = new GroupNode("schema", Repetition.Required,
            [List("images", [Leaf("bytes", LogicalType.None()), Leaf("path", LogicalType.String())]), List("texts", [Leaf("user", LogicalType.String()), Leaf("assistant", LogicalType.String())]), Leaf("source", LogicalType.String())]);
        using var writer = new ParquetFileWriter(path, schema, properties);
        foreach (Row[] group in rows.Chunk(RowsPerGroup))
        {
            using RowGroupWriter columns = writer.AppendRowGroup();
            WriteLists(columns, group, row => [row.Image]);
            WriteLists(columns, group, row => [Utf8(row.Path)]);
            WriteLists(columns, group, row => row.Turns.Select(turn => Utf8(turn.User)));
            WriteLists(columns, group, row => row.Turns.Select(turn => Utf8(turn.Assistant)));
            WriteValues(columns, [.. group.Select(row => Utf8(row.Source))], [.. group.Select(_ => (short)1)], [.. group.Select(_ => (short)0)]);
        }
        writer.Close();
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static GroupNode List(string name, Node[] fields) =>
        new(name, Repetition.Optional, [new GroupNode("list", Repetition.Repeated, [new GroupNode("element", Repetition.Optional, fields)])], LogicalType.List());

    private static PrimitiveNode Leaf(string name, LogicalType type) => new(name, Repetition.Optional, type, PhysicalType.ByteArray);

    // Definition level 4: optional list, repeated entry, optional element, optional value. No list here is empty.
    private static void WriteLists(RowGroupWriter group, Row[] rows, Func<Row, IEnumerable<byte[]>> values)
    {
        byte[][][] lists = [.. rows.Select(row => values(row).ToArray())];
        WriteValues(group, [.. lists.SelectMany(list => list)], [.. lists.SelectMany(list => list.Select(_ => (short)4))], [.. lists.SelectMany(list => list.Select((_, i) => (short)(i == 0 ? 0 : 1)))]);
    }

    private static void WriteValues(RowGroupWriter group, byte[][] values, short[] definitions, short[] repetitions)
    {
        using var writer = (ColumnWriter<ByteArray>)group.NextColumn();
        GCHandle[] pins = [.. values.Select(value => GCHandle.Alloc(value, GCHandleType.Pinned))];
        try
        {
            writer.WriteBatch(values.Length, definitions, repetitions, [.. values.Select((value, i) => new ByteArray(pins[i].AddrOfPinnedObject(), value.Length))]);
        }
        finally
        {
            foreach (GCHandle pin in pins) pin.Free();
        }
    }
}
