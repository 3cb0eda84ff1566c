using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Families;

namespace Interlace.Vlm.Generation;

/// <summary>
/// How a checkpoint's makers want its answers sampled: what <c>generation_config.json</c> says, with Hugging Face's defaults.
/// </summary>
/// <param name="Temperature">0 where <c>do_sample</c> is not set.</param>
/// <param name="TopK">Likeliest tokens that are sampled from; 0 for all.</param>
/// <param name="TopP">The likeliest tokens that together reach this probability.</param>
/// <param name="RepetitionPenalty">Hugging Face's meaning: 1 for none.</param>
public sealed record CheckpointSampling(double Temperature, int TopK, double TopP, double RepetitionPenalty)
{
    /// <summary>Reads a model folder's; without the file, answers are greedy.</summary>
    /// <exception cref="InputException">The file is damaged, or a value is out of range.</exception>
    public static CheckpointSampling Read(string folder)
    {
        string path = Path.Combine(folder, "generation_config.json");
        var config = new ConfigSection(File.Exists(path) ? StrictJson.ReadObject(path) : [], path);
        double temperature = config.Positive("temperature", 1);
        double topP = config.Positive("top_p", 1);
        if (topP > 1) throw new InputException($"{path}: top_p is {topP}, expected a number above 0 and at most 1.");
        return new(config.Flag("do_sample", false) ? temperature : 0,
            config.Int("top_k", ConfigSection.LargestVocabulary, 50, least: 0), topP, config.Positive("repetition_penalty", 1));
    }

    /// <summary>The same for a generator.</summary>
    public GenerationOptions ToOptions() => new(Temperature: Temperature, TopK: TopK, TopP: TopP, RepetitionPenalty: RepetitionPenalty);
}
