using Interlace.Vlm.Blocks;
using Interlace.Vlm.Decoder;

namespace Interlace.Vlm.Families;

/// <summary>
/// Reads rotary position embeddings: <c>rope_theta</c> and <c>rope_scaling</c>, or
/// <c>rope_parameters</c>, which holds both (transformers 5).
/// </summary>
internal static class RopeConfig
{
    /// <summary>Positions of one number.</summary>
    /// <param name="text">The decoder's part of the configuration.</param>
    /// <param name="headSize">Values of a head.</param>
    /// <param name="theta">Of a model that does not say.</param>
    /// <exception cref="InputException">A value is out of range, or of a kind that is not supported.</exception>
    public static RopeSpec Read(ConfigSection text, int headSize, double theta)
    {
        var spec = new RopeSpec(headSize, Theta(text, theta));
        if (Scaling(text) is not { } scaling) return spec;
        string type = scaling.Text("rope_type", scaling.Text("type", "default"));
        return type switch
        {
            "default" or "mrope" => spec,
            "linear" => spec with { Scale = Linear(scaling) },
            "llama3" => spec with { Scale = Llama3(scaling) },
            "dynamic" => spec with { LongestSequence = text.Int("max_position_embeddings", int.MaxValue) },
            _ => throw new InputException($"{text.File}: the rope scaling {type} is not supported (default, linear, "
                + "llama3 and dynamic are)."),
        };
    }

    /// <summary>Positions of three numbers, each of which turns a section of the frequencies.</summary>
    /// <param name="text">The decoder's part of the configuration.</param>
    /// <param name="headSize">Values of a head.</param>
    /// <param name="theta">Of a model that does not say.</param>
    /// <param name="interleaved">Whether the sections lie within one another (Qwen3-VL) or one after another (Qwen2-VL).</param>
    /// <exception cref="InputException">A value is absent, out of range, or of a kind that is not supported.</exception>
    public static RopeSpec ReadSections(ConfigSection text, int headSize, double theta, bool interleaved)
    {
        var scaling = Scaling(text) ?? throw new InputException($"{text.File}: text_config has neither rope_scaling nor rope_parameters.");
        var spec = Read(text, headSize, theta);
        if (spec.Scale is not null || spec.LongestSequence is not null)
            throw new InputException($"{text.File}: rope_type {scaling.Text("rope_type", "")} is not supported, only default.");
        if (scaling.Flag("mrope_interleaved", interleaved) != interleaved)
        {
            throw new InputException($"{text.File}: mrope_interleaved is {(interleaved ? "false" : "true")}, which is not supported: "
                + $"this family's positions are {(interleaved ? "" : "not ")}interleaved.");
        }
        int[] sections = scaling.Ints("mrope_section");
        if (sections.Length != 3 || sections.Sum(section => (long)section) != headSize / 2)
            throw new InputException($"{text.File}: mrope_section must be three numbers that sum to half of head_dim ({headSize / 2}).");
        return spec with { Axes = interleaved ? RopeSpec.Interleaved(sections) : RopeSpec.Sections(sections) };
    }

    private static double Theta(ConfigSection text, double standard) =>
        text.Positive("rope_theta", text.Has("rope_parameters")
            ? text.Section("rope_parameters").Positive("rope_theta", standard) : standard);

    /// <summary>The settings of the scaling, which may be the usual ones; null where there are none.</summary>
    public static ConfigSection? Scaling(ConfigSection text) =>
        text.Has("rope_scaling") ? text.Section("rope_scaling") : text.Has("rope_parameters") ? text.Section("rope_parameters") : null;

    /// <summary>All frequencies smaller by a factor.</summary>
    private static Func<float, double> Linear(ConfigSection scaling)
    {
        float factor = (float)scaling.Positive("factor");
        return frequency => frequency / factor;
    }

    /// <summary>Slow frequencies smaller by a factor, fast ones as they are, a passage between (Llama 3.1).</summary>
    private static Func<float, double> Llama3(ConfigSection scaling)
    {
        double factor = scaling.Positive("factor"), original = scaling.Positive("original_max_position_embeddings");
        double low = scaling.Positive("low_freq_factor"), high = scaling.Positive("high_freq_factor");
        if (high <= low) throw new InputException($"{scaling.File}: high_freq_factor {high} is not above low_freq_factor {low}.");
        return frequency =>
        {
            double turns = original * frequency / (2 * Math.PI);   // of the pair over the original length
            double part = Math.Clamp((turns - low) / (high - low), 0, 1);
            return (1 - part) * frequency / factor + part * frequency;
        };
    }
}
