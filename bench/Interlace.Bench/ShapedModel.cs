using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Inputs;
using static TorchSharp.torch;

namespace Interlace.Bench;

/// <summary>Models of a published shape in memory, with weights that are chance, and samples for them.</summary>
internal static class ShapedModel
{
    /// <summary>The types in which this processor is worth measuring: without instructions for bf16 nobody computes in it.</summary>
    public static IReadOnlyList<ScalarType> Types { get; } =
        Cpu.HasBFloat16 ? [ScalarType.BFloat16, ScalarType.Float32] : [ScalarType.Float32];

    /// <summary>The one that the program takes by itself.</summary>
    public static ScalarType Type => Types[0];

    /// <summary>What some layers of the shape of 4b in that type are called in the table.</summary>
    public static string Named(int layers) => $"{layers} layers of 4b, {Compute.NameOf(Type)}";

    /// <summary>A model of some layers.</summary>
    /// <param name="shape">4b or 8b.</param>
    /// <param name="type">Type of the computation.</param>
    /// <param name="layers">Decoder layers.</param>
    /// <param name="visionBlocks">Blocks of the vision tower; 0: its weights are left out, and it cannot be run.</param>
    /// <param name="vocabulary">Tokens; null: embeddings are left out, and layers alone can be run.</param>
    public static VisionLanguageModel Create(string shape, ScalarType type, int layers, int visionBlocks = 0, int? vocabulary = null)
    {
        string folder = Directory.CreateTempSubdirectory("interlace-bench").FullName;
        try
        {
            Fabricate.WriteFiles(folder, shape, layers, Repository.DemoModel, visionBlocks == 0 ? null : visionBlocks, vocabulary);
            var family = Qwen3VLFamily.Row;
            manual_seed(0);
            return VisionLanguageModel.Create(family, family.Parts!, ModelConfig.Read(folder), [], (name, sizes) =>
                new Parameter(name, Runs(name) ? Weight(sizes, type) : empty(0)), CPU, type, null);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        bool Runs(string name) => name.Contains("visual.", StringComparison.Ordinal) ? visionBlocks > 0
            : vocabulary is not null || name.Contains("layers.", StringComparison.Ordinal);
    }

    /// <summary>A text of so many tokens.</summary>
    /// <param name="length">Its tokens.</param>
    /// <param name="answer">How many of them, at its end, are the answer.</param>
    public static EncodedSample Text(int length, int answer = 0) =>
        new([.. Enumerable.Range(0, length).Select(i => 5 + i % 200)],
            [.. Enumerable.Range(0, length).Select(i => i < length - answer ? TokenKind.Prompt : TokenKind.Answer)],
            [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, length).ToArray())], length, []);

    /// <summary>As it would be held if it came from a folder in bf16.</summary>
    private static Tensor Weight(long[] sizes, ScalarType type)
    {
        if (sizes.Length == 1) return ones(sizes, type);
        using var scope = NewDisposeScope();
        return randn(sizes).mul_(0.02f).to(ParameterSources.Held(ElementType.BF16, sizes, CPU, type)).MoveToOuterDisposeScope();
    }
}
