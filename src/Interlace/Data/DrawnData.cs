using Interlace.Data.Json;
using Interlace.Experiments;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Inputs;

namespace Interlace.Data;

/// <summary>The data of an experiment: data sets and the rows that the rate and the seed draw from them.</summary>
/// <param name="source">The opened files.</param>
/// <param name="draw">The drawn rows.</param>
/// <param name="options">How it was drawn, and what is left out.</param>
public sealed class DrawnData(DataSource source, Draw draw, DataOptions options)
{
    private readonly PreparedRows _rows = new(source, draw, options);

    private static readonly Dictionary<string, DataFormat> Formats = new(StringComparer.Ordinal)
    {
        ["auto"] = DataFormat.Auto, ["finevision"] = DataFormat.FineVision,
        ["llava"] = DataFormat.Conversations, ["messages"] = DataFormat.Messages, ["text"] = DataFormat.Text,
    };

    /// <summary>Opens the files and draws.</summary>
    /// <exception cref="InputException">There is no such file or folder, it holds no data, or a rate is impossible.</exception>
    public static DrawnData Open(DataOptions options, int seed)
    {
        string path = options.Path ?? throw new InputException("No data is named: give a file or folder of data sets with --data.");
        var source = DataSource.Open(DataPath.ListOf(path), Formats[options.Format], options.Images);
        var draw = source.Draw(options.Rate, seed, first: options.Draw == "first", published: options.Counts == "published");
        return new(source, draw, options);
    }

    /// <summary>For samples that were drawn and copied elsewhere: it can <see cref="Load"/> them.</summary>
    public static DrawnData Elsewhere(DataOptions options) => new(DataSource.Of([]), new Draw([]), options);

    /// <summary>Opens the data to calibrate on and draws from it.</summary>
    /// <param name="experiment">A complete experiment.</param>
    /// <exception cref="InputException">As of <see cref="Open"/>.</exception>
    public static DrawnData OpenCalibration(Experiment experiment) =>
        Open(experiment.Data! with { Path = experiment.Calibrate!.Data ?? experiment.Data!.Path }, experiment.Seed);

    /// <summary>The opened files.</summary>
    public DataSource Source => source;

    /// <summary>The drawn rows.</summary>
    public Draw Draw => draw;

    /// <summary>How it was drawn, and what is left out.</summary>
    public DataOptions Options => options;

    /// <summary>The paper's filters (3.4), or what the options make of them.</summary>
    public RowFilter Filter => new(Options.MaxImages, Options.MaxTurns)
    {
        Truncates = Options.Turns == "truncate", KeepsIncomplete = Options.Incomplete == "keep",
    };

    /// <summary>
    /// The same, the length beyond which no text can fit into a model's tokens, and no image for a model that reads none.
    /// </summary>
    public RowFilter FilterFor(Processor processor) =>
        Filter with { MaxTextBytes = processor.Tokenizer.MostBytes(Options.MaxTokens), ReadsImages = processor.ReadsImages };

    /// <summary>
    /// The samples of drawn rows in storage order, as the options ask for them; the others are counted.
    /// Else as <see cref="DataSource.Read"/>.
    /// </summary>
    public IEnumerable<Sample> Read(IEnumerable<RowReference> rows, SkipCounts skipped, RowFilter filter) =>
        _rows.Read(rows, skipped, filter).Select(row => row.Sample);

    /// <summary>Whether every drawn row that can be read is a plain text; files that can hold none are not looked into.</summary>
    /// <exception cref="InputException">A file is damaged.</exception>
    public bool HoldsOnlyTexts()
    {
        if (!source.Sets.SelectMany(set => set.Shards).All(shard => shard.File is JsonRowFile)) return false;
        var samples = _rows.Read(draw.Rows, [], Filter with { TextsOnly = true });
        bool any = false;
        foreach (var (_, sample) in samples)
        {
            if (!sample.IsText) return false;
            any = true;
        }
        return any;
    }

    /// <summary>The rows of the calibration.</summary>
    /// <param name="experiment">All settings: their part of the draw, and how it is taken.</param>
    /// <param name="filter">Which rows can be used.</param>
    /// <param name="most">Most rows.</param>
    /// <exception cref="InputException">There is none.</exception>
    public IReadOnlyList<RowReference> Calibration(Experiment experiment, RowFilter filter, int most = int.MaxValue)
    {
        var calibrate = experiment.Calibrate!;
        if (calibrate.Draw != "python") return Draw.Calibration(calibrate.Fraction, most);
        SkipCounts skipped = [];
        var list = _rows.Listed(skipped, filter);
        if (list.Count == 0) throw skipped.NoneLeft();
        int count = (int)(list.Count * calibrate.Fraction);
        if (count == 0)
        {
            throw new InputException($"A fraction of {calibrate.Fraction} is none of {list.Count} rows: raise calibrate.fraction "
                + (Options.Counts == "published" ? "or data.rate, or set data.counts=files if the data is not all of FineVision."
                    : "or data.rate, or set calibrate.draw=ranks."));
        }
        // The place in the draw is the rank: it is random, which the place in the list is not.
        return [.. new PythonRandom(experiment.Seed).Sample(list.Count, count).Take(most)
            .Select((place, rank) => list[place] with { Rank = rank })];
    }

    /// <summary>Samples encoded in the background for a model:
    /// images turned by their EXIF orientation.</summary>
    /// <param name="samples">The samples, from <paramref name="first"/> on.</param>
    /// <param name="processor">The model's processor.</param>
    /// <param name="skipped">Where left-out samples are counted.</param>
    /// <param name="first">Index of the first sample.</param>
    /// <param name="cancellation">Ends the enumeration.</param>
    /// <param name="form">What the model is shown of a sample.</param>
    /// <param name="next">The sample to take in place of one that cannot be used; null to leave such a one out.</param>
    /// <param name="outlines">
    /// Samples come as outlines, those that are known to fail by their indices left out; whole ones where absent.
    /// </param>
    public IEnumerable<LoadedSample> Load(IEnumerable<Sample> samples, Processor processor, SkipCounts skipped, long first,
        CancellationToken cancellation, ConversationForm? form = null,
        Func<Sample, Sample?>? next = null, IReadOnlyDictionary<long, string>? outlines = null)
    {
        Func<Sample, EncodedSample> Encoder(ImageDecoding decoding) => SampleLoader.Encoder(
            (bytes, count) => ImageDecoder.Decode(bytes, "image", decoding, SampleLoader.Preparer(processor, count)),
            (sample, images) => sample.IsText ? EncodeText(sample, processor) : Encode(Conversation.Of(sample, form), images, processor));
        var options = new LoaderOptions(Options.MaxTokens, Options.Workers)
        {
            Next = next, Failing = outlines, Outline = outlines is null ? null : Encoder(Decoding with { OutlineOnly = true }),
        };
        return SampleLoader.Load(samples, Encoder(Decoding), skipped, options, first, cancellation);
    }

    private ImageDecoding Decoding => ImageDecoding.Oriented with { TransparencyOnWhite = Options.Transparency == "white" };

    /// <summary>A plain text as it stands, up to the longest that is taken.</summary>
    private EncodedSample EncodeText(Sample sample, Processor processor) =>
        processor.EncodeText(Conversation.Text(sample.Turns[0]), Math.Min(Options.TextTokens ?? Options.MaxTokens, Options.MaxTokens));

    private static EncodedSample Encode(Conversation chat, IReadOnlyList<VisualInput> images, Processor processor) =>
        processor.EncodePrepared(processor.WithoutPlaceholders(chat.Messages), images, chat.AddGenerationPrompt);
}
