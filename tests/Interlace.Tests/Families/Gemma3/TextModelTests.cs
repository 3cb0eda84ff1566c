using System.Text.Json.Nodes;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Tests.Families.Gemma3;

/// <summary>The models without a vision tower: the decoder of the golden one alone, in the layout of those that read text.</summary>
public class TextModelTests
{
    private const string Wrapped = "language_model.model.";

    [Fact, Trait("Category", "Golden")]
    public void Decoder_alone_computes_what_it_computes_beside_a_tower()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var scratch = new ScratchFolder();
        string model = FamilyGoldens.PathOf("gemma3", FamilyGoldens.Published), alone = scratch.Copy(model, "alone");
        using (var whole = Checkpoint.Open(model))
        {
            JsonObject text = whole.Config["text_config"]!.DeepClone().AsObject();
            text["eos_token_id"] = whole.Config["eos_token_id"]!.DeepClone();
            File.WriteAllText(Path.Combine(alone, "config.json"), text.ToJsonString());
            CheckpointWriter.Write(alone, [[.. whole.Names.Where(name => name.StartsWith(Wrapped, StringComparison.Ordinal)).Select(name =>
            {
                var (file, entry) = whole.Find(name);
                return TensorSource.FromTensor($"model.{name[Wrapped.Length..]}", ParameterSources.Load(file, entry, CPU));
            })]]);
        }
        using var seeing = LoadedModel.Open(model, CPU, ScalarType.Float32);
        using var reading = LoadedModel.Open(alone, CPU, ScalarType.Float32);
        Assert.Equal(("gemma3_text", false), (reading.ModelType, reading.Processor.ReadsImages));
        Tensor Logits(LoadedModel loaded)
        {
            // Longer than the window.
            string question = string.Join(' ', Enumerable.Repeat("Which colour is it?", 8));
            using var batch = Batch.Pack([loaded.Processor.Encode([new("user", question)], [], addGenerationPrompt: true)], CPU);
            return loaded.Model.Logits(loaded.Model.Hidden(batch));
        }
        Assert.True(Logits(seeing).Equals(Logits(reading)));
        Assert.Equal(seeing.StopIds, reading.StopIds);
    }
}
