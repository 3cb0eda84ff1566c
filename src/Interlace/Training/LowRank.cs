using Interlace.Data;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using static TorchSharp.torch;

namespace Interlace.Training;

/// <summary>
/// How adapters of low rank begin (Hu et al., 2022, LoRA; the start is that of PEFT): A uniform within 1 / sqrt(input), which is Kaiming's
/// uniform with a = sqrt(5), and B zero, so that nothing is changed at first.
/// </summary>
/// <param name="Rank">Rank r of the change of a weight.</param>
/// <param name="Alpha">The change is Alpha / r times B A.</param>
/// <param name="Seed">Chance: a layer's A follows from it and the layer's name alone.</param>
public sealed record LowRank(int Rank, double Alpha, int Seed)
{
    /// <summary>Puts a trainable adapter on a linear layer, named as PEFT names its parts.</summary>
    /// <param name="linear">The layer, which stays as it is.</param>
    /// <param name="type">The type in which the adapter is held.</param>
    /// <exception cref="InputException">The rank is larger than a side of the weight, which any change of it has at most.</exception>
    public LowRankAdapter AdapterOf(Linear linear, ScalarType type = ScalarType.Float32)
    {
        var (output, input) = (linear.Weight.Value.shape[0], linear.Weight.Value.shape[1]);
        if (Rank > Math.Min(output, input))
        {
            throw new InputException($"finetune.lora is {Rank}, but {linear.Weight.Name} is {output} x {input}: "
                + $"choose at most {Math.Min(output, input)}.");
        }
        using var scope = NewDisposeScope();
        string name = linear.Weight.Name[..^".weight".Length];
        return new(Trained($"{name}.lora_A.weight", Uniform(name, input)), Trained($"{name}.lora_B.weight", zeros(output, Rank)),
            Alpha / Rank);

        Parameter Trained(string of, Tensor value)
        {
            var parameter = new Parameter(of, value.to(linear.Weight.Value.device));
            parameter.Train(type);
            return parameter;
        }
    }

    private Tensor Uniform(string name, long input)
    {
        double bound = 1 / Math.Sqrt(input);
        var chance = new SplitMix64(SeededHash.ShardKey("lora", name, Seed));
        float[] values = new float[Rank * input];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(bound * (2 * chance.NextDouble() - 1));
        return tensor(values).view(Rank, input);
    }
}
