using System.Text.Json.Nodes;

namespace Interlace.Vlm.Families;

/// <summary>The families of models: one row each. A new family is a folder, a row here, and the shared conformance tests.</summary>
internal static class FamilyTable
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Family> All { get; } =
    [
        Qwen3VL.Qwen3VLFamily.Row,
        Qwen3VLMoe.Qwen3VLMoeFamily.Row,
        Qwen25VL.Qwen25VLFamily.Row,
        Qwen2VL.Qwen2VLFamily.Row,
        LlavaOneVision.LlavaOneVisionFamily.Row,
        Llava.LlavaFamily.Row,
        InternVL.InternVLFamily.Row,
        .. SmolVLM.SmolVLMFamily.Rows,
        Gemma3.Gemma3Family.Row,
        Qwen3.Qwen3Family.Row,
        Qwen2.Qwen2Family.Row,
        Llama.LlamaFamily.Row,
        Gemma3.Gemma3Family.TextRow,
    ];

    /// <summary>The family of a config, or null where it is not known.</summary>
    public static Family? Find(JsonObject config) =>
        config["model_type"] is JsonValue value && value.TryGetValue(out string? type)
            ? All.FirstOrDefault(family => family.ModelType == type) : null;

    /// <summary>The family of a model that is to be run.</summary>
    /// <exception cref="InputException">It is not known, or its models can only be pruned.</exception>
    public static (Family Family, FamilyParts Parts) Runnable(ModelConfig config)
    {
        if (Find(config.Root.Json) is { Parts: { } parts } family)
        {
            if (family.Place == DecoderPlace.Nested) config.Root.Section("text_config");   // refused where it is absent
            CheckWeights(config);
            return (family, parts);
        }
        string supported = string.Join(", ", All.Where(known => known.Parts is not null).Select(known => known.ModelType));
        throw new InputException($"{config.Folder} holds a model of type '{config.Root.Json["model_type"]}', "
            + $"which is not supported (supported: {supported}).");
    }

    /// <summary>Quantised weights lie in tensors of other names and types.</summary>
    private static void CheckWeights(ModelConfig config)
    {
        foreach (var section in (ReadOnlySpan<ConfigSection>)[config.Root, config.Text])
            foreach (string key in (ReadOnlySpan<string>)["quantization_config", "compression_config"])
            {
                if (!section.Has(key)) continue;
                throw new InputException($"{section.File} has a {key}: quantised weights can be pruned, but not computed with here. "
                    + "Take the model that was quantised.");
            }
    }
}
