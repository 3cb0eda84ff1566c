using System.Runtime.InteropServices;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Blocks;
using Interlace.Vlm.Engine;
using static TorchSharp.torch;

namespace Interlace.Tests.Training;

public class LeanAdamWTests
{
    [Theory, InlineData(true), InlineData(false)]
    public void A_byte_stands_for_one_of_256_numbers_that_are_closer_together_where_they_are_larger(bool signed)
    {
        float[] values = EightBitCodes.Values(signed);
        Assert.Equal((256, 256), (values.Length, values.Distinct().Count()));
        Assert.Equal(values.Order(), values);
        Assert.Equal(1, values[^1]);
        Assert.Equal(signed ? 128 : 256, values.Count(value => value > 0));
        Assert.Equal(signed, values.Contains(0));
        float[] top = [.. values.Where(value => value >= 0.1)], middle = [.. values.Where(value => value is >= 1e-3f and < 1e-2f)];
        Assert.InRange((top[1] - top[0]) / top[0], 0, 0.14);
        Assert.InRange((middle[1] - middle[0]) / middle[0], 0.2, 0.7);
        Assert.InRange((top[^1] - top[^2]) / top[^1], 0, 0.008);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_moment_comes_back_as_one_of_the_two_codes_around_each_number_and_in_the_mean_as_it_was(bool signed)
    {
        using var scope = NewDisposeScope();
        using var codes = new EightBitCodes(signed, CPU);
        float[] numbers = [.. Enumerable.Range(0, 700).Select(i => (signed && i % 2 == 1 ? -1 : 1) * MathF.Exp(-i / 60f) * (i < 256 ? 3 : 0.02f))];
        using var moment = new EightBitMoment(numbers.Length, codes);
        Assert.Equal(new float[700], moment.Read(0, 700).data<float>().ToArray());
        using var chance = new Generator(5, CPU);
        const int times = 400;
        double[] sums = new double[numbers.Length];
        for (int n = 0; n < times; n++)
        {
            using var inner = NewDisposeScope();
            moment.Write(0, tensor(numbers), chance);
            float[] read = moment.Read(0, numbers.Length).data<float>().ToArray();
            for (int i = 0; i < read.Length; i++)
            {
                sums[i] += read[i] / times;
                double scale = numbers.Chunk(256).ElementAt(i / 256).Max(Math.Abs);
                if (numbers[i] <= -0.992 * scale) continue;   // there is no -1
                Assert.InRange(read[i], numbers[i] - Gap(numbers[i] / scale) * scale, numbers[i] + Gap(numbers[i] / scale) * scale);
            }
        }
        for (int i = 0; i < numbers.Length; i++)
        {
            double scale = numbers.Chunk(256).ElementAt(i / 256).Max(Math.Abs);
            if (numbers[i] > -0.992 * scale) Assert.InRange(sums[i] - numbers[i], -0.25 * Gap(numbers[i] / scale) * scale, 0.25 * Gap(numbers[i] / scale) * scale);
        }

        double Gap(double number)
        {
            float[] values = EightBitCodes.Values(signed);
            int above = Math.Clamp(Array.FindIndex(values, value => value >= number), 1, 255);
            return values[above] - values[above - 1] + 1e-6;
        }
    }

    [Fact]
    public void Rounding_by_chance_gives_the_neighbours_and_in_the_mean_the_number()
    {
        using var scope = NewDisposeScope();
        using var chance = new Generator(9, CPU);
        foreach (float number in new[] { 1.001f, -0.3333f, 3e-5f, 1.0f, 0, -128.4f })
        {
            Tensor many = zeros([20_000]);
            many.Fill(number);
            Tensor rounded = StochasticRounding.ToBFloat16(many, chance).to(ScalarType.Float32);
            double step = Math.ScaleB(1, (number == 0 ? 0 : Math.ILogB(number)) - 7), mean = rounded.mean().item<float>();
            float[] distinct = [.. rounded.data<float>().ToArray().Distinct()];
            Assert.Equal(number is 1 or 0 ? 1 : 2, distinct.Length);
            Assert.All(distinct, value => Assert.True(Math.Abs(value - number) < step));
            Assert.InRange(mean - number, -0.02 * step, 0.02 * step);
        }
    }

    [Fact]
    public void Steps_far_below_the_distance_of_two_numbers_are_taken_in_the_mean()
    {
        double full = Mean(steps: 60, rate: 2e-5, lean: false), lean = Mean(steps: 60, rate: 2e-5, lean: true);
        Assert.Equal(1 - 60 * 2e-5, full, 1e-5);
        Assert.Equal(1 - full, 1 - lean, 0.1 * (1 - full));   // rounding to the nearest would never leave 1

        static double Mean(int steps, double rate, bool lean)
        {
            using var scope = NewDisposeScope();
            using var parameter = new Parameter("w", ones([100, 321]));
            parameter.Train(lean ? ScalarType.BFloat16 : ScalarType.Float32);
            using IOptimiser optimiser = lean ? new LeanAdamW([parameter], 3) : new AdamW([parameter]);
            for (int step = 0; step < steps; step++)
            {
                using (no_grad())
                {
                    parameter.Value.grad ??= zeros_like(parameter.Value, requires_grad: false);
                    parameter.Value.grad.Fill(0.5);
                }
                optimiser.Step(rate);
            }
            return parameter.Value.to(ScalarType.Float32).mean().item<float>();
        }
    }

    [Fact]
    public void Weights_come_about_as_near_to_their_aim_as_with_everything_in_fp32()
    {
        double start = Distance(0, lean: true), full = Distance(300, lean: false), lean = Distance(300, lean: true);
        Assert.True(full < 0.05 * start && lean < 0.1 * start, $"{start}: {full}, {lean}");
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_one_others()
    {
        byte[] one = Weights(20, seed: 1);
        Assert.Equal(one, Weights(20, seed: 1));
        Assert.NotEqual(one, Weights(20, seed: 2));
    }

    private static double Distance(int steps, bool lean)
    {
        using var scope = NewDisposeScope();
        using var parameter = Fitted(steps, lean, seed: 1);
        return (parameter.Value.to(ScalarType.Float32) - Aim()).norm().item<float>();
    }

    private static byte[] Weights(int steps, int seed)
    {
        using var scope = NewDisposeScope();
        using var parameter = Fitted(steps, lean: true, seed);
        return MemoryMarshal.AsBytes<float>(parameter.Value.detach().to(ScalarType.Float32).data<float>().ToArray()).ToArray();
    }

    /// <summary>Zeros that are drawn towards an aim, in directions of very different steepness and with noise.</summary>
    private static Parameter Fitted(int steps, bool lean, int seed)
    {
        var parameter = new Parameter("w", zeros([70, 33]));
        parameter.Train(lean ? ScalarType.BFloat16 : ScalarType.Float32);
        using IOptimiser optimiser = lean ? new LeanAdamW([parameter], seed) : new AdamW([parameter]);
        Tensor steepness = exp(tensor(Noise(70 * 33, 2)).view(70, 33).Times(4)), aim = Aim();
        for (int step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            using var _ = no_grad();
            Tensor gradient = (parameter.Value.to(ScalarType.Float32) - aim).Plus(tensor(Noise(70 * 33, (ulong)step + 9)).view(70, 33).Times(0.3)).mul(steepness);
            parameter.Value.grad = gradient.to(parameter.Value.dtype).MoveToOuterDisposeScope();
            optimiser.Step(0.02 * (1 - step / (double)steps));
        }
        return parameter;
    }

    private static Tensor Aim() => tensor(Noise(70 * 33, 1)).view(70, 33);

    private static float[] Noise(int count, ulong seed)
    {
        var random = new SplitMix64(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(2 * random.NextDouble() - 1))];
    }
}
