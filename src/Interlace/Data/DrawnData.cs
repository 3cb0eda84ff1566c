using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Data;

/// <summary>The data of an experiment: data sets and the rows that the rate and the seed draw from them.</summary>
/// <param name="Source">The opened files.</param>
/// <param name="Draw">The drawn rows.</param>
/// <param name="Options">How it was drawn, and what is left out.</param>
public sealed record DrawnData(DataSource Source, Draw Draw, DataOptions Options)
{
    private static readonly Dictionary<string, DataFormat> Formats = new(StringComparer.Ordinal)
    {
        ["auto"] = DataFormat.Auto, ["finevision"] = DataFormat.FineVision,
        ["llava"] = DataFormat.Conversations, ["messages"] = DataFormat.Messages,
    };

    /// <summary>Opens the files and draws.</summary>
    /// <exception cref="InputException">There is no such file or folder, it holds no data, or a rate is impossible.</exception>
    public static DrawnData Open(DataOptions options, int seed)
    {
        string path = options.Path ?? throw new InputException("No data is named: give a file or folder of data sets with --data.");
        var source = DataSource.Open(DataPath.ListOf(path), Formats[options.Format], options.Images);
        return new(source, source.Draw(options.Rate, seed), options);
    }

    /// <summary>The paper's filters (3.4).</summary>
    public RowFilter Filter => new(Options.MaxImages, Options.MaxTurns);

    /// <summary>
    /// The same, the length beyond which no text can fit into a model's tokens, and no image for a model that reads none.
    /// </summary>
    public RowFilter FilterFor(Processor processor) =>
        Filter with { MaxTextBytes = processor.Tokenizer.MostBytes(Options.MaxTokens), ReadsImages = processor.ReadsImages };

    /// <summary>Samples encoded in the background for a model:
    /// images turned by their EXIF orientation.</summary>
    /// <param name="samples">The samples, from <paramref name="first"/> on.</param>
    /// <param name="processor">The model's processor.</param>
    /// <param name="skipped">Where left-out samples are counted.</param>
    /// <param name="first">Index of the first sample.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    /// <param name="form">What the model is shown of a sample.</param>
    /// <param name="next">The sample to take in place of one that cannot be used; null to leave such a one out.</param>
    public IEnumerable<LoadedSample> Load(IEnumerable<Sample> samples, Processor processor, SkipCounts skipped, long first,
        CancellationToken cancellation, ConversationForm? form = null,
        Func<Sample, Sample?>? next = null) =>
        SampleLoader.Load(samples,
            SampleLoader.Encoder(
                (bytes, count) => ImageDecoder.Decode(bytes, "image", Decoding, SampleLoader.Preparer(processor, count)),
                (sample, images) => Encode(Conversation.Of(sample, form), images, processor)),
            skipped, new LoaderOptions(Options.MaxTokens, Options.Workers) { Next = next }, first, cancellation);

    private ImageDecoding Decoding => ImageDecoding.Oriented with { TransparencyOnWhite = Options.Transparency == "white" };

    private static EncodedSample Encode(Conversation chat, IReadOnlyList<VisualInput> images, Processor processor) =>
        processor.EncodePrepared(processor.WithoutPlaceholders(chat.Messages), images, chat.AddGenerationPrompt);
}
