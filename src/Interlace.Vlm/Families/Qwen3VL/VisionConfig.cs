namespace Interlace.Vlm.Families.Qwen3VL;

/// <summary>The vision tower's sizes.</summary>
internal sealed record VisionConfig(
    int HiddenSize, int InnerSize, int Depth, int HeadCount, int PatchSize, int MergeSize, int TemporalPatchSize, int PositionCount,
    int OutputSize, int[] DeepStackBlocks)
{
    /// <summary>Reads <c>vision_config</c>.</summary>
    /// <exception cref="InputException">A value is absent or out of range, or one does not fit another.</exception>
    public static VisionConfig Read(ModelConfig model)
    {
        var vision = model.Vision;
        vision.OneOf("hidden_act", "gelu_pytorch_tanh", "gelu_pytorch_tanh");
        var config = new VisionConfig(
            vision.Width("hidden_size"), vision.Width("intermediate_size"),
            vision.Count("depth"), vision.Count("num_heads"),
            vision.Patch("patch_size"), vision.Merge("spatial_merge_size"),
            vision.Patch("temporal_patch_size"),
            vision.Int("num_position_embeddings", ConfigSection.LargestPositions), vision.Width("out_hidden_size"),
            vision.Ints("deepstack_visual_indexes"));
        config.Check(vision.File, model.Text.Width("hidden_size"));
        return config;
    }

    private void Check(string file, int decoderSize)
    {
        if (HiddenSize % HeadCount != 0 || HiddenSize / HeadCount % 4 != 0)
            throw new InputException($"{file}: vision hidden size {HiddenSize} does not fit {HeadCount} heads.");
        if (Math.Sqrt(PositionCount) % 1 != 0) throw new InputException($"{file}: num_position_embeddings {PositionCount} is no square.");
        if (OutputSize != decoderSize)
            throw new InputException($"{file}: the vision tower gives {OutputSize} values a token, the decoder wants {decoderSize}.");
        if (DeepStackBlocks.Any(b => b >= Depth))
            throw new InputException($"{file}: deepstack_visual_indexes names a block beyond the {Depth} of the vision tower.");
        // Weights are found by the place in this list: another order, or none of them, would be another model without any further sign.
        if (DeepStackBlocks.Length == 0 || DeepStackBlocks.Zip(DeepStackBlocks.Skip(1)).Any(pair => pair.First >= pair.Second))
            throw new InputException($"{file}: deepstack_visual_indexes is no list of blocks of the vision tower in ascending order.");
    }
}
