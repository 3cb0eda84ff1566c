using Interlace.Vlm.Images;
using Interlace.Vlm.Text;

namespace Interlace.Vlm.Inputs;

/// <summary>
/// Turns conversations and images into what a model reads, with the parts of its family. Safe for use by several threads.
/// </summary>
public sealed class Processor
{
    private readonly string _folder;
    private readonly IChatTemplate _template;
    private readonly IImageProcessor? _images;
    private readonly IPositions _positions;

    /// <summary>Puts the parts of a family together.</summary>
    /// <param name="folder">The model folder, for messages.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="images">How images are prepared; null where the model reads text alone.</param>
    /// <param name="positions">How tokens are numbered.</param>
    /// <exception cref="InputException">The tokenizer has another id for the image's placeholder than the configuration.</exception>
    internal Processor(string folder, Tokenizer tokenizer, IChatTemplate template, IImageProcessor? images, IPositions positions)
    {
        (_folder, Tokenizer, _template, _images, _positions) = (folder, tokenizer, template, images, positions);
        if (images is null) return;
        string placeholder = template.ImageToken;
        if (tokenizer.Id(placeholder) is var id && id != images.ImageToken)
        {
            throw new InputException($"{folder}: config.json gives {placeholder} the id {images.ImageToken}, "
                + $"tokenizer.json {id?.ToString() ?? "none"}: they belong to different models.");
        }
    }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The same with another lower bound on the pixels of an image.</summary>
    /// <param name="minPixels">The bound; smaller images are enlarged.</param>
    /// <exception cref="InputException">The model reads no images, or they have no such bound.</exception>
    public Processor WithMinPixels(long minPixels) => new(_folder, Tokenizer, _template, ReadImages.WithMinPixels(minPixels), _positions);

    /// <summary>Resizes an image, and cuts it into tiles where the model's family does that.</summary>
    /// <param name="image">The decoded image.</param>
    /// <param name="imageCount">Images of the conversation that it belongs to.</param>
    /// <exception cref="InputException">The model reads no images, or the image's sides do not suit it.</exception>
    public VisualInput Prepare(RgbImage image, int imageCount) =>
        ReadImages.Prepare(image, imageCount);

    private IImageProcessor ReadImages => _images ?? throw new InputException("This model reads text alone: leave the image out.");

    /// <summary>Encodes a conversation.</summary>
    /// <param name="messages">The turns; their i-th image part shows the i-th image.</param>
    /// <param name="images">The decoded images in order.</param>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <exception cref="InputException">
    /// Images and image parts do not match, an image does not suit the model, a placeholder stands in a text, or a video is there.
    /// </exception>
    public EncodedSample Encode(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> images, bool addGenerationPrompt = false) =>
        EncodePrepared(messages, [.. images.Select(image => Prepare(image, images.Count))], addGenerationPrompt);

    /// <summary>
    /// As <see cref="Encode"/>, with images that <see cref="Prepare"/> has given: a large one need not be held while the next is decoded.
    /// </summary>
    /// <exception cref="InputException">As there.</exception>
    public EncodedSample EncodePrepared(
        IReadOnlyList<ChatMessage> messages, IReadOnlyList<VisualInput> images, bool addGenerationPrompt = false)
    {
        CheckImages(messages, images.Count);
        CheckTexts(messages);
        RenderedChat chat = Spelled(Render(messages, addGenerationPrompt));
        (int[] ids, bool[] inside) = Tokenizer.Encode(chat.Text, chat.Answers, _template.BeginsWithSpecialTokens);
        // Texts that make a placeholder only when joined: single ones are refused above.
        int[] placeholders = [.. _template.Placeholders.Select(Tokenizer.Id).OfType<int>()];
        int each = _template.Placeholders.Count(text => _template.ImageText.Contains(text, StringComparison.Ordinal));
        if (ids.Count(placeholders.Contains) != each * images.Count)
        {
            throw new InputException($"The texts of the conversation make up {string.Join(" or ", _template.Placeholders)} literally; "
                + "remove it.");
        }
        return Expand(ids, inside, images);
    }

    /// <summary>
    /// Encodes a plain text as it stands: without a chat template, behind what the tokenizer itself puts before a text. What stands for
    /// images or videos is taken out. Every token but the first is one to be predicted.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="mostTokens">Tokens behind the first so many are left out.</param>
    /// <exception cref="InputException">The text has no tokens, or makes up a placeholder.</exception>
    public EncodedSample EncodeText(string text, int mostTokens = int.MaxValue)
    {
        string cleaned = WithoutPlaceholders(text);
        int[] ids = Tokenizer.Encode(cleaned, [], addSpecial: true).Ids;
        if (ids.Length == 0) throw new InputException("The text is empty.");
        if (ids.Length > mostTokens) ids = ids[..mostTokens];
        return OfText(ids);
    }

    /// <summary>Tokens of a plain text, every one but the first to be predicted.</summary>
    /// <param name="ids">The tokens.</param>
    /// <exception cref="InputException">One of them stands for an image or a video.</exception>
    public EncodedSample OfText(int[] ids)
    {
        if (_template.Placeholders.Select(Tokenizer.Id).OfType<int>().Intersect(ids).Any())
            throw new InputException($"The text makes up {string.Join(" or ", _template.Placeholders)} literally; remove it.");
        var kinds = new TokenKind[ids.Length];
        Array.Fill(kinds, TokenKind.Prompt);
        var (positions, next) = _positions.Of(kinds, []);
        bool[] trained = new bool[ids.Length];
        Array.Fill(trained, true);
        return new(ids, kinds, positions, next, []) { Trained = trained };
    }

    /// <summary>The prompt of a conversation, with one placeholder for each image.</summary>
    internal RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) =>
        _template.Render(messages, addGenerationPrompt);

    /// <summary>
    /// Side in pixels of the square to multiples of which the published evaluation of this family brings images before the processor
    /// sees them; null where it leaves them alone.
    /// </summary>
    public int? PublishedSquare => _images?.PublishedSquare;

    /// <summary>Whether the model sees images.</summary>
    public bool ReadsImages => _images is not null;

    /// <summary>Whether a model's answers begin with a space that is the template's and not theirs.</summary>
    public bool AnswersBeginWithSpace => _template.AnswersBeginWithSpace;

    /// <summary>The text of an answer's tokens, without the space that the template has before it.</summary>
    public string TextOf(ReadOnlySpan<int> answer)
    {
        string text = Tokenizer.Decode(answer);
        return AnswersBeginWithSpace && text.StartsWith(' ') ? text[1..] : text;
    }

    /// <summary>The messages without the texts that stand for images and videos, as data sets hold them where others once stood.</summary>
    public IReadOnlyList<ChatMessage> WithoutPlaceholders(IReadOnlyList<ChatMessage> messages) =>
        messages.Any(message => message.Content.Any(part => Held(part) is not null))
            ? [.. messages.Select(message => message with { Content = [.. message.Content.Select(WithoutPlaceholders)] })]
            : messages;

    private ContentPart WithoutPlaceholders(ContentPart part) =>
        part is TextPart text ? new TextPart(WithoutPlaceholders(text.Text)) : part;

    private string WithoutPlaceholders(string text) =>
        _template.Placeholders.Aggregate(text, (left, held) => left.Replace(held, "", StringComparison.Ordinal));

    /// <summary>The placeholder that a text holds literally, or null.</summary>
    private string? Held(ContentPart part) => part is TextPart text
        ? _template.Placeholders.FirstOrDefault(placeholder => text.Text.Contains(placeholder, StringComparison.Ordinal))
        : null;

    private static void CheckImages(IReadOnlyList<ChatMessage> messages, int images)
    {
        if (messages.Count == 0) throw new InputException("The conversation has no message.");
        if (messages.Any(message => message.Content.Any(part => part is VideoPart)))
            throw new InputException("The conversation holds a video; only images and text are supported.");
        int parts = messages.Sum(message => message.Content.Count(part => part is ImagePart));
        if (parts != images) throw new InputException($"The conversation has places for {parts} images, but {images} are given.");
    }

    private void CheckTexts(IReadOnlyList<ChatMessage> messages)
    {
        if (messages.SelectMany(message => message.Content).Select(Held).FirstOrDefault(held => held is not null) is not { } placeholder)
            return;
        throw new InputException($"A message's text holds {placeholder} literally, which would stand for an image or a video "
            + "that is not there; remove it from the text.");
    }

    /// <summary>The prompt with all that stands around images.</summary>
    private RenderedChat Spelled(RenderedChat chat)
    {
        if (!ReadsImages || _template.ImageText == _template.Placeholders[0]) return chat;
        var (placeholder, text) = (_template.Placeholders[0], _template.ImageText);
        int Moved(int at) => at + chat.Text.AsSpan(0, at).Count(placeholder) * (text.Length - placeholder.Length);
        return new(chat.Text.Replace(placeholder, text, StringComparison.Ordinal),
            [.. chat.Answers.Select(span => new TextSpan(Moved(span.Start), Moved(span.End)))]);
    }

    /// <summary>Puts the tokens of its image in place of each placeholder.</summary>
    private EncodedSample Expand(int[] ids, bool[] inside, IReadOnlyList<VisualInput> images)
    {
        var (expanded, kinds) = (new List<int>(ids.Length), new List<TokenKind>(ids.Length));
        int image = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] != _images?.ImageToken)
            {
                expanded.Add(ids[i]);
                kinds.Add(inside[i] ? TokenKind.Answer : TokenKind.Prompt);
                continue;
            }
            foreach (var (id, kind) in _images.TokensOf(images[image++]))
            {
                expanded.Add(id);
                kinds.Add(kind);
            }
        }
        TokenKind[] all = [.. kinds];
        var (positions, next) = _positions.Of(all, images);
        return new([.. expanded], all, positions, next, images);
    }
}
