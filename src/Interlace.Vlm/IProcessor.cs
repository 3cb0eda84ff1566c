using Interlace.Vlm.Images;
using Interlace.Vlm.Text;

namespace Interlace.Vlm;

/// <summary>Turns conversations and images into what a model of some family reads. Safe for use by several threads.</summary>
public interface IProcessor
{
    /// <summary>The model's tokenizer.</summary>
    Tokenizer Tokenizer { get; }

    /// <summary>The largest image in pixels: larger ones are made smaller.</summary>
    long MaxPixels { get; }

    /// <summary>What the user should know about the model's settings (a chat template that is not the known one), one sentence; or null.</summary>
    string? Warning { get; }

    /// <summary>Encodes a conversation.</summary>
    /// <param name="messages">The turns; their i-th image part shows the i-th image.</param>
    /// <param name="images">The decoded images in order.</param>
    /// <param name="addGenerationPrompt">Whether the header of the answer to come is added.</param>
    /// <exception cref="InputException">Images and image parts do not match, an image's aspect ratio is beyond what the model takes, a placeholder stands in a text, or a video is there.</exception>
    EncodedSample Encode(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> images, bool addGenerationPrompt = false);

    /// <summary>The image at the size that the model takes, of the same bytes as the reference's.</summary>
    /// <exception cref="InputException">One side is more than 200 times the other.</exception>
    RgbImage Resize(RgbImage image);

    /// <summary>
    /// As <see cref="Encode"/>, with images that <see cref="Resize"/> has given: a large one need not be held while the next is decoded.
    /// </summary>
    /// <exception cref="InputException">As there, or an image has not the model's sizes.</exception>
    EncodedSample EncodeResized(IReadOnlyList<ChatMessage> messages, IReadOnlyList<RgbImage> resized, bool addGenerationPrompt = false);
}
