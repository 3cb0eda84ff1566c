using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Clip;
using Interlace.Vlm.Families.InternVL;
using Interlace.Vlm.Families.Llava;
using Interlace.Vlm.Families.LlavaOneVision;
using Interlace.Vlm.Families.SmolVLM;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families;

/// <summary>
/// Sizes, grids of tiles and counts of tokens for images of many sizes, at the published models' parameters, equal the reference's.
/// No pixel is touched: each family's rule is asked by size alone, with the tiny checkpoint's settings brought to the published sizes.
/// </summary>
[Trait("Category", "Golden")]
public partial class TilingTests
{
    private const string Tokens = "image_tokens";

    [Fact]
    public void Llava_resizes_and_crops_as_the_reference()
    {
        using var model = new Resized("llava");
        if (model.Numbers is not [var shortest, var side, _, var patch]) throw Unexpected(model);
        model.Images["size"]!["shortest_edge"] = shortest;
        model.Images["crop_size"] = new JsonObject { ["height"] = side, ["width"] = side };
        model.Vision["image_size"] = side;
        model.Vision["patch_size"] = patch;
        var config = model.Write();
        var processor = CropImageProcessor.Read(config, maxPixels: null);
        int tokens = Square(ClipConfig.Read(config).Grid);
        Assert.All(model.Rows, row =>
        {
            var (width, height, left, top) = processor.PlaceOf(row.Width, row.Height);
            Same(row, "resized_hw", [height, width]);
            Same(row, "crop_top_left", [top, left]);
            Same(row, Tokens, [tokens]);
        });
    }

    [Fact]
    public void Llava_onevision_chooses_resolutions_and_counts_tokens_as_the_reference()
    {
        using var model = new Resized("llava_onevision");
        if (model.Numbers is not [var side, var first, var last, _, _, _, var tileTokens, var most]) throw Unexpected(model);
        model.Images["size"] = new JsonObject { ["height"] = side, ["width"] = side };
        var counts = Enumerable.Range(first, last - first + 1);
        model.Images["image_grid_pinpoints"] = new JsonArray(
            [.. counts.SelectMany(rows => counts.Select(columns => new JsonArray(rows * side, columns * side)))]);
        model.Vision["image_size"] = side;
        model.Vision["patch_size"] = side / Root(tileTokens);
        model.Root["vision_aspect_ratio"] = string.Create(CultureInfo.InvariantCulture, $"anyres_max_{most}");
        var config = model.Write();
        var processor = AnyResolutionProcessor.Read(config, maxPixels: null);
        var features = FeatureGrid.Read(config, ClipConfig.Read(config));
        Assert.All(model.Rows, row =>
        {
            var best = processor.BestOf(row.Height, row.Width);
            var fit = AnyResolutionProcessor.Fit(row.Height, row.Width, best.Height, best.Width);
            var grid = new TileGrid(best.Height / side, best.Width / side);
            var (_, _, rows, columns) = features.Unpadded(grid, row.Height, row.Width);
            var shrunk = features.Shrunk(rows, columns);
            Same(row, "best_resolution_hw", [best.Height, best.Width]);
            Same(row, "resized_hw_before_padding", [fit.Height, fit.Width]);
            Same(row, "tiles_rows_cols", [grid.Rows, grid.Columns]);
            Same(row, "tiles_with_base", [grid.Count + 1]);
            Same(row, "unpadded_tokens", [shrunk.Rows * shrunk.Columns]);
            Same(row, "newline_tokens", [shrunk.Rows]);
            Same(row, Tokens, [features.TokensOf(grid, row.Height, row.Width)]);
        });
    }

    [Fact]
    public void Internvl_chooses_grids_and_counts_tokens_as_the_reference()
    {
        using var model = new Resized("internvl");
        if (model.Numbers is not [var side, var least, var most, var tileTokens]) throw Unexpected(model);
        model.Images["size"] = new JsonObject { ["height"] = side, ["width"] = side };
        (model.Images["min_patches"], model.Images["max_patches"]) = (least, most);
        int joined = (int)(1 / (double)model.Root["downsample_ratio"]!);
        model.Root["image_seq_length"] = tileTokens;
        model.Vision["image_size"] = new JsonArray(side, side);
        model.Vision["patch_size"] = new JsonArray(side / (Root(tileTokens) * joined), side / (Root(tileTokens) * joined));
        var config = model.Write();
        var processor = TileImageProcessor.Read(config, Tokenizer.Load(config.Folder), maxPixels: null);
        Assert.All(model.Rows, row =>
        {
            var grid = processor.GridOf(row.Height, row.Width);
            int tiles = grid.Count > 1 ? grid.Count + 1 : 1;
            Same(row, "grid_cols_rows", [grid.Columns, grid.Rows]);
            Same(row, "tiles_with_thumbnail", [tiles]);
            Same(row, "context_tokens", [tiles * InternConfig.Read(config).TokensPerTile]);
        });
    }

    [Fact]
    public void Smolvlm_cuts_images_and_counts_tokens_as_the_reference()
    {
        using var model = new Resized("smolvlm");
        string[] published = [.. model.Rows[0].Json.Where(entry => entry.Value is JsonObject).Select(entry => entry.Key)];
        Assert.Equal(published.Length, model.Numbers.Length);   // tokens of a tile, for each of them
        foreach (var (name, tileTokens) in published.Zip(model.Numbers))
        {
            if (NumberPattern().Matches(name) is not [.., var longest, var side]) throw Unexpected(model);
            model.Images["size"] = new JsonObject { ["longest_edge"] = Int(longest) };
            model.Images["max_image_size"] = new JsonObject { ["longest_edge"] = Int(side) };
            model.Vision["image_size"] = Int(side);
            model.Vision["patch_size"] = Int(side) / Root(tileTokens);
            model.Root["scale_factor"] = 1;
            var config = model.Write();
            var processor = SplitImageProcessor.Read(config, Tokenizer.Load(config.Folder), maxPixels: null);
            Assert.All(model.Rows, whole =>
            {
                Row row = new(whole.Height, whole.Width, whole.Json[name]!.AsObject());
                var (height, width) = processor.SizeOf(row.Height, row.Width);
                var grid = processor.GridOf(height, width);
                int tiles = grid.Count > 1 ? grid.Count + 1 : 1;
                Same(row, "resized_hw", [height, width]);
                Same(row, "multiple_hw", [grid.Rows * Int(side), grid.Columns * Int(side)]);
                Same(row, "rows_cols", grid.Count > 1 ? [grid.Rows, grid.Columns] : [0, 0]);
                Same(row, "frames", [tiles]);
                Same(row, Tokens, [tiles * SmolConfig.Read(config).TokensPerTile]);
            });
        }
    }

    /// <param name="family">The family.</param>
    /// <param name="leastTokens">Tokens of a small image where the model's authors advise at most 1280 (Qwen3-VL: as published).</param>
    [Theory, InlineData("qwen2_vl", 256), InlineData("qwen2_5_vl", 256), InlineData("qwen3_vl_moe", 64)]
    public void Qwen_resizes_to_grids_as_the_reference(string family, int leastTokens)
    {
        using var model = new Resized(family);
        if (model.Numbers is not [var patch, var merge]) throw Unexpected(model);
        int factor = patch * merge, compared = 0;
        var entries = model.Rows.SelectMany(row => row.Json.Select(entry => (row, entry.Key, entry.Value as JsonObject)));
        foreach (var (row, name, golden) in entries)
        {
            if (golden is null) continue;
            // The processor's own bounds, or those that the model's authors advise.
            (int least, int most) = name == "max_1280_tokens" ? (leastTokens * factor * factor, 1280 * factor * factor) : Bounds(name);
            var (height, width) = SmartResize.Of(row.Height, row.Width, factor, least, most);
            var grid = new ImageGrid(1, height / patch, width / patch);
            Same(new(row.Height, row.Width, golden), "resized_hw", [height, width]);
            Same(new(row.Height, row.Width, golden), "grid_thw", [grid.Time, grid.Height, grid.Width]);
            Same(new(row.Height, row.Width, golden), Tokens, [grid.TokenCount(merge)]);
            compared++;
        }
        Assert.True(compared >= model.Rows.Count);
    }

    [Fact]
    public void Image_that_would_become_larger_than_any_may_be_is_refused()
    {
        const string reason = "more than the ";
        using var crops = new Resized("llava");
        var crop = CropImageProcessor.Read(crops.Write(), maxPixels: null);
        Assert.Contains(reason, Assert.Throws<InputException>(() => crop.PlaceOf(1, (int)ImageDecoder.MaxPixels)).Message);
        Assert.Contains(reason, Assert.Throws<InputException>(() => crop.PlaceOf((int)ImageDecoder.MaxPixels, 1)).Message);
        using var squares = new Resized("llava_onevision");
        var any = AnyResolutionProcessor.Read(squares.Write(), maxPixels: null);
        var narrow = new RgbImage(1, 1 << 16, new byte[3 << 16]);
        Assert.Contains(reason, Assert.Throws<InputException>(() => any.Prepare(narrow, imageCount: 2)).Message);
        Assert.NotEmpty(any.Prepare(narrow, imageCount: 1).Tiles);
        Assert.Contains(reason, Assert.Throws<InputException>(() => Resize.Bicubic(narrow, 1 << 14, 1 << 14)).Message);
    }

    private static (int Least, int Most) Bounds(string name) => NumberPattern().Matches(name) is [var least, var most]
        ? (Int(least), Int(most))
        : throw new InvalidOperationException($"{name} names no bounds");

    private static InvalidOperationException Unexpected(Resized model) =>
        new($"the table's parameters are not of a known form: {model.Parameters}");

    private static void Same(Row row, string key, int[] own)
    {
        int[] golden = row.Json[key] is JsonArray list ? [.. list.Select(n => (int)n!)] : [(int)row.Json[key]!];
        Assert.True(golden.SequenceEqual(own),
            $"{row.Width} x {row.Height}: {key} is {string.Join(" x ", own)}, the reference has {string.Join(" x ", golden)}");
    }

    private static int Square(int side) => side * side;

    private static int Root(int square) => (int)Math.Round(Math.Sqrt(square));

    private static int Int(Match number) => int.Parse(number.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\d+")]
    private static partial Regex NumberPattern();

    private sealed record Row(int Height, int Width, JsonObject Json);

    /// <summary>A family's table, and its tiny checkpoint without weights, whose settings a test changes.</summary>
    private sealed class Resized : IDisposable
    {
        private readonly ScratchFolder _scratch = new();
        private readonly string _folder;

        public Resized(string family)
        {
            JsonNode table = Shared.Json("fixtures/families", family, "tiling_table.json");
            Parameters = (string)table["parameters"]!;
            Numbers = [.. NumberPattern().Matches(Parameters).Select(Int)];
            Rows = [.. table["rows"]!.AsArray().Select(row => new Row((int)row!["height"]!, (int)row["width"]!, row.AsObject()))];
            _folder = _scratch.At("model");
            Directory.CreateDirectory(_folder);
            foreach (string file in Directory.EnumerateFiles(FamilyGoldens.PathOf(family, FamilyGoldens.Published), "*.json"))
                File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
            Root = StrictJson.ReadObject(Path.Combine(_folder, "config.json"));
            Images = StrictJson.ReadObject(Path.Combine(_folder, "preprocessor_config.json"));
        }

        public string Parameters { get; }
        public int[] Numbers { get; }
        public IReadOnlyList<Row> Rows { get; }
        public JsonObject Root { get; }
        public JsonObject Images { get; }
        public JsonObject Vision => Root["vision_config"]!.AsObject();

        public ModelConfig Write()
        {
            File.WriteAllText(Path.Combine(_folder, "config.json"), Root.ToJsonString());
            File.WriteAllText(Path.Combine(_folder, "preprocessor_config.json"), Images.ToJsonString());
            return ModelConfig.Read(_folder);
        }

        public void Dispose() => _scratch.Dispose();
    }
}
