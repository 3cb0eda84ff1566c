using Interlace.Vlm.Images;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Qwen3VL;

/// <summary>
/// Qwen3-VL's processor: chat template, image sizes, placeholders, ids, kinds of tokens and M-RoPE positions.
/// </summary>
internal sealed class Processor : IProcessor
{
    private readonly long _minPixels;

    private Processor(ProcessorSettings settings, Tokenizer tokenizer, ChatTemplate template, long? maxPixels)
    {
        (Settings, Tokenizer, Template) = (settings, tokenizer, template);
        MaxPixels = Math.Min(settings.MaxPixels, maxPixels ?? long.MaxValue);
        _minPixels = Math.Min(settings.MinPixels, MaxPixels);
    }

    /// <summary>The model's image settings and placeholder ids.</summary>
    public ProcessorSettings Settings { get; }

    /// <summary>The chat template.</summary>
    public ChatTemplate Template { get; }

    /// <inheritdoc/>
    public Tokenizer Tokenizer { get; }

    /// <inheritdoc/>
    public long MaxPixels { get; }

    /// <inheritdoc/>
    public string? Warning => Template.Warning;

    /// <summary>Reads a model folder. <paramref name="maxPixels"/> lowers the model's own bound, and its lower bound with it where that would lie above.</summary>
    /// <exception cref="InputException">A file is absent or wrong, or <paramref name="maxPixels"/> is less than one visual token needs.</exception>
    public static Processor Load(string folder, long? maxPixels = null)
    {
        ProcessorSettings settings = ProcessorSettings.Load(folder);
        if (maxPixels < (long)settings.Factor * settings.Factor)
            throw new InputException($"max_pixels is {maxPixels}, but one visual token alone covers {settings.Factor} x {settings.Factor} pixels.");
        Tokenizer tokenizer = Tokenizer.Load(folder, settings.VocabularySize);
        foreach ((string token, int id) in (ReadOnlySpan<(string, int)>)[(ChatTemplate.ImagePlaceholder, settings.ImageToken), (ChatTemplate.VideoPlaceholder, settings.VideoToken)])
            if (tokenizer.Id(token) != id) throw new InputException($"{folder}: config.json gives {token} the id {id}, tokenizer.json {tokenizer.Id(token)?.ToString() ?? "none"}.");
        return new(settings, tokenizer, ChatTemplate.Load(folder), maxPixels);
    }

    /// <inheritdoc/>
    public EncodedSample Encode(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> images, bool addGenerationPrompt = false) =>
        EncodeResized(messages, [.. images.Select(Resize)], addGenerationPrompt);

    /// <inheritdoc/>
    public EncodedSample EncodeResized(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> resized, bool addGenerationPrompt = false)
    {
        if (messages.Any(message => message.Content.Any(part => part is VideoPart))) throw new InputException("The conversation holds a video; only images and text are supported.");
        int parts = messages.Sum(message => message.Content.Count(part => part is ImagePart));
        if (parts != resized.Count) throw new InputException($"The conversation has places for {parts} images, but {resized.Count} are given.");

        RenderedChat chat = Template.Render(messages, addGenerationPrompt);
        (int[] ids, bool[] inside) = Tokenizer.Encode(chat.Text, chat.Answers);
        // Texts that make a placeholder only when joined; single ones the template refuses.
        if (ids.Count(id => id == Settings.ImageToken) != parts || ids.Contains(Settings.VideoToken))
            throw new InputException($"The texts of the conversation make up {ChatTemplate.ImagePlaceholder} or {ChatTemplate.VideoPlaceholder} literally; remove it.");
        return Expand(ids, inside, resized);
    }

    /// <inheritdoc/>
    public RgbImage Resize(RgbImage image)
    {
        (int height, int width) = SmartResize.Of(image.Height, image.Width, Settings.Factor, _minPixels, MaxPixels);
        return Images.Resize.Bicubic(image, width, height);
    }

    /// <summary>The patches of a resized image.</summary>
    /// <exception cref="InputException">Its sides are no multiples of patch x merge.</exception>
    public ImageGrid GridOf(RgbImage resized) =>
        resized.Width % Settings.Factor == 0 && resized.Height % Settings.Factor == 0 && resized.Pixels.Length > 0
            ? new(1, resized.Height / Settings.PatchSize, resized.Width / Settings.PatchSize)
            : throw new InputException($"An image of {resized.Width} x {resized.Height} pixels was not resized for this model: its sides must be multiples of {Settings.Factor}.");

    /// <summary>
    /// Puts as many visual tokens in place of each placeholder as its image has. A text token advances all three positions by one; an image stands at one time,
    /// its tokens at their row and column, and the text goes on after the larger of the two.
    /// </summary>
    private EncodedSample Expand(int[] ids, bool[] inside, IReadOnlyList<RgbImage> images)
    {
        ImageGrid[] grids = [.. images.Select(GridOf)];
        int length = ids.Length - grids.Length + grids.Sum(grid => grid.TokenCount(Settings.MergeSize));
        int[] expanded = new int[length], positions = new int[3 * length];
        var kinds = new TokenKind[length];
        int at = 0, next = 0, image = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] != Settings.ImageToken)
            {
                Place(ids[i], inside[i] ? TokenKind.Answer : TokenKind.Prompt, next, next, next);
                next++;
                continue;
            }
            ImageGrid grid = grids[image++];
            (int rows, int columns) = (grid.Height / Settings.MergeSize, grid.Width / Settings.MergeSize);
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++) Place(ids[i], TokenKind.Image, next, next + row, next + column);
            next += Math.Max(rows, columns);
        }
        return new(expanded, kinds, positions, next, images);

        void Place(int id, TokenKind kind, int time, int height, int width)
        {
            (expanded[at], kinds[at]) = (id, kind);
            (positions[at], positions[length + at], positions[2 * length + at]) = (time, height, width);
            at++;
        }
    }
}
