using System.CommandLine;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;

namespace Interlace.Cli;

/// <summary>The argument and options of commands that ask a model, and how it is opened.</summary>
internal static class ModelOptions
{
    public static readonly Argument<string> Model =
        new("MODEL") { Description = "Model folder in Hugging Face's layout, or ORG/NAME[@REVISION] on its hub." };

    public static readonly Option<long?> MaxPixels = CommonOptions.Parsed<long?>("--max-pixels",
        "Largest image in pixels; larger ones are made smaller (default: the model's own bound).",
        text => long.TryParse(text, out long pixels) && pixels > 0 ? pixels : null, "a positive whole number");

    /// <summary>Opens the model that the command line names, where and as it says, and says what the user should know about it.</summary>
    /// <exception cref="InputException">The folder is wrong, or the machine cannot do it.</exception>
    public static LoadedModel Open(Invocation invocation)
    {
        var compute = invocation.Compute();
        var model = LoadedModel.Open(invocation.Hub.Model(invocation.Get(Model)), compute.Device, compute.Type, invocation.Get(MaxPixels),
            invocation.Cancellation);
        foreach (string warning in model.Warnings) invocation.Log(warning);
        return model;
    }

    /// <summary>Decodes the images of a conversation and encodes it: turned as EXIF says, transparency on white.</summary>
    /// <exception cref="InputException">An image cannot be read, or the conversation does not fit the model.</exception>
    public static EncodedSample Encode(LoadedModel model, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        ImagePart[] parts = [.. messages.SelectMany(message => message.Content).OfType<ImagePart>()];
        VisualInput[] images = [.. parts.Select(part =>
            ImageDecoder.Load(part.Source!, ImageDecoding.Oriented, image => model.Processor.Prepare(image, parts.Length)))];
        return model.Processor.EncodePrepared(messages, images, addGenerationPrompt);
    }
}
