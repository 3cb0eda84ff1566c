using System.Text.Json.Nodes;
using Interlace.Tests.Images;
using Interlace.Tests.Text;
using Interlace.Vlm;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Families.QwenVL;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Tests.Families.Qwen3VL;

public class ProcessorTests
{
    private const string Folder = "fixtures/qwen3vl", Newer = "transformers5-layout";

    /// <summary>Every recorded conversation, of each file layout of its checkpoint.</summary>
    public static IEnumerable<TheoryDataRow<string, string, string>> Conversations() =>
        from name in Checkpoints()
        from layout in (string[])["", Newer]
        where File.Exists(Shared.At(Folder, layout, name, "config.json"))
        from conversation in Shared.Json(Folder, "chat", name + ".json")["conversations"]!.AsObject()
        select new TheoryDataRow<string, string, string>(name, Path.Combine(layout, name), conversation.Key);

    public static IEnumerable<string> Checkpoints() => Shared.FoldersWith("config.json", Folder).Where(name => File.Exists(Shared.At(Folder, "chat", name + ".json")));

    public static IEnumerable<TheoryDataRow<string>> CheckpointRows() => Checkpoints().Select(name => new TheoryDataRow<string>(name));

    public static IEnumerable<TheoryDataRow<string>> OfBothLayouts() =>
        Checkpoints().Where(name => Directory.Exists(Shared.At(Folder, Newer, name))).Select(name => new TheoryDataRow<string>(name));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Conversations)), Trait("Category", "Golden")]
    public void Encoded_conversations_equal_the_reference(string checkpoint, string folder, string name)
    {
        var processor = Load(Shared.Require(Folder, folder));
        JsonNode golden = Shared.Json(Folder, "chat", checkpoint + ".json")["conversations"]![name]!;
        ChatMessage[] messages = GoldenConversation.Read(golden["messages"]!);
        RgbImage[] images = [.. golden["images"]!.AsArray().Select(file => ImageDecoder.Load(Shared.Require(Folder, (string)file!), new(ApplyOrientation: false, TransparencyOnWhite: true)))];
        var template = ChatTemplate.Load(Shared.Require(Folder, folder));
        var grids = new GridImageProcessor(GridImageSettings.Load(Shared.Require(Folder, folder)), Resize.Bicubic, maxPixels: null);
        foreach (bool open in (bool[])[false, true])
        {
            JsonNode form = golden[open ? "with_generation_prompt" : "without_generation_prompt"]!;
            Assert.Equal((string)form["prompt"]!, template.Render(messages, open).Text);
            EncodedSample sample = processor.Encode(messages, images, open);
            Assert.Equal(Ints(form["input_ids"]!), sample.Ids);
            Assert.Equal((string)form["mm_token_type_ids"]!, string.Concat(sample.Kinds.Select(kind => kind == TokenKind.Image ? '1' : '0')));
            Assert.Equal([Ints(form["position_ids_t"]!), Ints(form["position_ids_h"]!), Ints(form["position_ids_w"]!)], sample.Positions);
            Assert.Equal((int)form["rope_delta"]!, sample.NextPosition - sample.Length);
            Assert.Equal(golden["answer_spans"]!.AsArray().SelectMany(span => Enumerable.Range((int)span![0]!, (int)span[1]! - (int)span[0]!)), Where(sample, TokenKind.Answer));
            Assert.Equal(golden["image_grid_thw"]!.AsArray().Select(grid => new ImageGrid((int)grid![0]!, (int)grid[1]!, (int)grid[2]!)),
                sample.Images.Select(image => grids.GridOf(image.Tiles[0])));
            EncodedSample again = processor.EncodePrepared(messages, sample.Images, open);
            Assert.Equal(sample.Ids, again.Ids);
            Assert.Equal(sample.Positions, again.Positions);
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(CheckpointRows)), Trait("Category", "Golden")]
    public void Answers_decode_to_the_recorded_texts(string checkpoint)
    {
        var processor = Load(Shared.Require(Folder, checkpoint));
        foreach ((string name, JsonNode? golden) in Shared.Json(Folder, "chat", checkpoint + ".json")["conversations"]!.AsObject())
        {
            ChatMessage[] messages = GoldenConversation.Read(golden!["messages"]!);
            RgbImage[] blanks = [.. golden["images"]!.AsArray().Select(_ => new RgbImage(64, 64, new byte[64 * 64 * 3]))];
            EncodedSample sample = processor.Encode(messages, blanks);
            Assert.Equal((name, string.Concat(golden["answer_texts_decoded"]!.AsArray().Select(text => (string)text!))), (name, processor.Tokenizer.Decode([.. Where(sample, TokenKind.Answer).Select(t => sample.Ids[t])], skipSpecial: false)));
        }
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(OfBothLayouts)), Trait("Category", "Golden")]
    public void Both_file_layouts_give_the_same_settings(string checkpoint)
    {
        GridImageSettings published = GridImageSettings.Load(Shared.Require(Folder, checkpoint)),
            newer = GridImageSettings.Load(Shared.Require(Folder, Newer, checkpoint));
        Assert.Equal(published with { Mean = newer.Mean, Std = newer.Std }, newer);
        Assert.Equal(published.Mean.Concat(published.Std), newer.Mean.Concat(newer.Std));
    }

    [Fact, Trait("Category", "Golden")]
    public void Published_settings_are_read()
    {
        GridImageSettings settings = GridImageSettings.Load(Shared.Require(Folder, "published-configs"));
        JsonNode images = Shared.Json(Folder, "published-configs", "preprocessor_config.json"),
            config = Shared.Json(Folder, "published-configs", "config.json");
        int patch = (int)images["patch_size"]!, merge = (int)images["merge_size"]!;
        Assert.Equal(((long)images["size"]!["shortest_edge"]!, (long)images["size"]!["longest_edge"]!, patch, merge,
            (int)images["temporal_patch_size"]!, patch * merge),
            (settings.MinPixels, settings.MaxPixels, settings.PatchSize, settings.MergeSize, settings.TemporalPatchSize, settings.Factor));
        Assert.Equal(((int)config["image_token_id"]!, (int)config["video_token_id"]!), (settings.ImageToken, settings.VideoToken));
        Assert.Equal(images["image_mean"]!.AsArray().Concat(images["image_std"]!.AsArray()).Select(value => (double)value!),
            settings.Mean.Concat(settings.Std));
    }

    [Fact]
    public void Demo_model_sees_small_squares_as_sixteen_tokens()
    {
        var processor = Load(Evaluation.Demo.Model);
        EncodedSample sample = processor.Encode([new("user", [new ImagePart(), new TextPart("What is this?")]), new("assistant", "A cup.")], [new(64, 64, new byte[64 * 64 * 3])]);
        Assert.Equal((64, 64), (sample.Images[0].Tiles[0].Width, sample.Images[0].Tiles[0].Height));
        Assert.Equal(16, sample.Count(TokenKind.Image));
        Assert.Equal("A cup.<|im_end|>", processor.Tokenizer.Decode([.. Where(sample, TokenKind.Answer).Select(t => sample.Ids[t])], skipSpecial: false));
    }

    public static IEnumerable<TheoryDataRow<string>> Resized() => Checkpoints().SelectMany(name => ImageGoldens.Images().Where(image => ImageGoldens.Of(image)["configs"]![name] is not null).Select(image => new TheoryDataRow<string>($"{name}/{image}")));

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Resized)), Trait("Category", "Golden")]
    public void Resized_images_have_the_recorded_sizes_and_tokens(string key)
    {
        (string checkpoint, string name) = (Path.GetDirectoryName(key)!, Path.GetFileName(key));
        JsonNode golden = ImageGoldens.Of(name)["configs"]![checkpoint]!;
        var settings = GridImageSettings.Load(Shared.Require(Folder, checkpoint));
        var processor = new GridImageProcessor(settings, Resize.Bicubic, maxPixels: null);
        VisualInput seen = processor.Prepare(ImageDecoder.Load(ImageGoldens.PathOf(name), ImageDecoding.Plain), imageCount: 1);
        ImageGrid grid = processor.GridOf(seen.Tiles[0]);
        Assert.Equal(string.Join(",", Ints(golden["image_grid_thw"]!)), $"{grid.Time},{grid.Height},{grid.Width}");
        Assert.Equal((int)golden["image_tokens"]!, grid.TokenCount(settings.MergeSize));
    }

    [Theory]
    [InlineData("""{"min_pixels": 3136, "max_pixels": 50176}""", 3136, 50176)]
    [InlineData("""{"size": {"min_pixels": 3136, "max_pixels": 50176}}""", 3136, 50176)]
    [InlineData("""{"size": {"shortest_edge": 3136, "longest_edge": 50176}}""", 3136, 50176)]
    [InlineData("""{"size": {"shortest_edge": 1, "longest_edge": 2}, "min_pixels": 3136, "max_pixels": 50176}""", 3136, 50176)]
    public void Older_names_of_the_pixel_bounds_are_read(string bounds, long min, long max)
    {
        using var folder = Model(bounds);
        GridImageSettings settings = GridImageSettings.Load(folder.Path);
        Assert.Equal((min, max), (settings.MinPixels, settings.MaxPixels));
    }

    [Theory]
    [InlineData("""{"size": {"shortest_edge": 5, "longest_edge": 4}}""", "above the largest")]
    [InlineData("""{"size": {"shortest_edge": 4}}""", "longest_edge")]
    [InlineData("""{"min_pixels": 4, "max_pixels": 8, "patch_size": "x"}""", "patch_size")]
    [InlineData("""{"min_pixels": 4, "max_pixels": 8, "patch_size": 14}""", "vision_config")]
    [InlineData("""{"min_pixels": 4, "max_pixels": 8, "do_normalize": false}""", "do_normalize")]
    [InlineData("""{"min_pixels": 4, "max_pixels": 8, "resample": 2}""", "resample")]
    [InlineData("""{"min_pixels": 4, "max_pixels": 8, "image_mean": [0.5]}""", "image_mean")]
    public void Settings_that_cannot_be_followed_are_refused(string change, string reason)
    {
        using var folder = Model(change);
        string message = Assert.Throws<InputException>(() => GridImageSettings.Load(folder.Path)).Message;
        Assert.Contains(reason, message);
        Assert.Contains("preprocessor_config.json", message);
    }

    [Fact]
    public void Max_pixels_lowers_the_bound()
    {
        string folder = TinyCheckpoints.Tied;
        var image = new RgbImage(400, 300, new byte[400 * 300 * 3]);
        var settings = GridImageSettings.Load(folder);
        GridImageProcessor Bounded(long? most) => new(settings, Resize.Bicubic, most);
        var (whole, small, huge) = (Bounded(null), Bounded(8192), Bounded(long.MaxValue));
        RgbImage resized = small.Prepare(image, 1).Tiles[0];
        Assert.InRange(resized.Width * resized.Height, 4096, 8192);
        Assert.True(whole.Prepare(image, 1).Tiles[0].Pixels.Length > resized.Pixels.Length);
        Assert.Equal((8192, settings.MaxPixels), (small.MaxPixels, huge.MaxPixels));
        Assert.Contains("max_pixels", Assert.Throws<InputException>(() => Load(folder, maxPixels: 1000)).Message);
    }

    [Fact]
    public void Conversations_that_do_not_fit_are_refused()
    {
        var processor = Load(TinyCheckpoints.Tied);
        var image = new RgbImage(64, 64, new byte[64 * 64 * 3]);
        ChatMessage[] one = [new("user", [new ImagePart(), new TextPart("What?")])];
        Refused("places for 1 images, but 0", () => processor.Encode(one, []));
        Refused("places for 1 images, but 2", () => processor.Encode(one, [image, image]));
        Refused("video", () => processor.Encode([new("user", [new VideoPart()])], []));
        Refused("<|image_pad|>", () => processor.Encode([new("user", [new ImagePart(), new TextPart("Is <|image_pad|> special?")])], [image]));
        Refused("<|image_pad|>", () => processor.Encode([new("user", [new TextPart("<|image"), new TextPart("_pad|>")])], []));
        Refused("too narrow", () => processor.Encode(one, [new(401, 2, new byte[401 * 2 * 3])]));
        var other = new RgbImage(33, 64, new byte[33 * 64 * 3]);
        Refused("33 x 64", () => processor.EncodePrepared(one, [VisualInput.Whole(other, other, tokenCount: 2)]));
    }

    [Fact, Trait("Category", "Golden")]
    public void Literal_image_placeholder_is_refused_as_the_reference_refuses_it()
    {
        foreach (string checkpoint in Checkpoints())
        {
            if (Shared.Json(Folder, "chat", checkpoint + ".json")["literal_image_pad_in_text"] is not { } golden) continue;
            Assert.Equal("ValueError", (string)golden["raises"]!);
            Refused("<|image_pad|>", () => Load(Shared.Require(Folder, checkpoint)).Encode(GoldenConversation.Read(golden["messages"]!), [new(64, 64, new byte[64 * 64 * 3])]));
        }
    }

    [Fact]
    public void Placeholders_are_taken_out_of_the_texts_of_data()
    {
        var processor = Load(TinyCheckpoints.Tied);
        ChatMessage[] messages = [new("user", [new ImagePart(), new TextPart("a <|image_pad|>b<|video_pad|>")]), new("assistant", "c")];
        Assert.Equal("a b", Assert.IsType<TextPart>(processor.WithoutPlaceholders(messages)[0].Content[1]).Text);
        Assert.IsType<ImagePart>(processor.WithoutPlaceholders(messages)[0].Content[0]);
        Assert.Same(messages[1].Content[0], processor.WithoutPlaceholders([messages[1]])[0].Content[0]);
    }

    private static Processor Load(string folder, long? maxPixels = null) => Qwen3VLFamily.Processor(ModelConfig.Read(folder), maxPixels);

    private static void Refused(string reason, Action encode) => Assert.Contains(reason, Assert.Throws<InputException>(encode).Message);

    /// <summary>A folder with the settings files of a model, the image settings changed.</summary>
    private static ScratchFolder Model(string change)
    {
        var folder = new ScratchFolder();
        JsonObject settings = JsonNode.Parse("""{"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}""")!.AsObject();
        foreach ((string name, JsonNode? value) in JsonNode.Parse(change)!.AsObject()) settings[name] = value?.DeepClone();
        File.WriteAllText(folder.At("preprocessor_config.json"), settings.ToJsonString());
        File.WriteAllText(folder.At("config.json"), """{"image_token_id": 7, "video_token_id": 8, "vision_config": {"patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2}}""");
        return folder;
    }

    private static IEnumerable<int> Where(EncodedSample sample, TokenKind kind) => Enumerable.Range(0, sample.Length).Where(t => sample.Kinds[t] == kind);

    private static int[] Ints(JsonNode node) => [.. node.AsArray().Select(n => (int)n!)];
}
