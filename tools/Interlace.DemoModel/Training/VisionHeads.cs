using Interlace.DemoModel.Scenes;
using Interlace.DemoModel.Sources;
using Interlace.Vlm;
using Interlace.Vlm.Images;
using Interlace.Vlm.Qwen3VL;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.DemoModel.Training;

/// <summary>What the heads said of a batch.</summary>
/// <param name="Loss">Mean cross-entropy of all facts.</param>
/// <param name="Named">Share of the tokens on things that named them rightly.</param>
/// <param name="Read">Share of letters that were read rightly.</param>
internal sealed record VisionOutcome(double Loss, double Named, double Read);

/// <summary>
/// A linear layer over each visual token, the same for all, that names what is drawn at the token's centre, its colour, the value of a bar, and the letters in the four strips of the token: it teaches the vision tower
/// to see before there are words. It is thrown away afterwards. That every token speaks for itself is what makes it quick: where the third digit of a number stands is for the decoder to find out.
/// </summary>
internal sealed class VisionHeads : IDisposable
{
    private const int Values = 10, Strips = 4, LetterClasses = 27;
    private const long Unknown = -100;

    private readonly int _things, _side;
    private readonly Parameter _weight, _bias;

    /// <summary>Fresh heads.</summary>
    /// <param name="pictures">Pictures of things there are.</param>
    /// <param name="side">Tokens of an image in a row.</param>
    /// <param name="width">Numbers of a token.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="device">Where they lie.</param>
    public VisionHeads(int pictures, int side, long width, long seed, Device device)
    {
        (_things, _side) = (22 + pictures, side);
        long outputs = Groups.Sum(group => (long)group.Count * group.Classes);
        _weight = FreshParameters.New("heads.weight", [outputs, width], seed, 1 / Math.Sqrt(3.0 * width), device);
        _bias = FreshParameters.New("heads.bias", [outputs], seed, 0, device);
        foreach (var parameter in Parameters) parameter.Train();
    }

    /// <summary>Weight and bias.</summary>
    public IReadOnlyList<Parameter> Parameters => [_weight, _bias];

    /// <summary>Of a token: what, colour, value, and a letter in each strip.</summary>
    private (int Count, int Classes)[] Groups => [(1, _things), (1, Colours.Names.Count), (1, Values), (Strips, LetterClasses)];

    /// <summary>Adds the gradient of the mean loss of the scenes to the parameters of the tower and of the heads.</summary>
    public VisionOutcome Accumulate(VisionTower tower, IReadOnlyList<Scene> scenes, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        var (merged, levels) = tower.Run([.. scenes.Select(scene => scene.Image)], type, device, null);
        Tensor logits = functional.linear(merged.to(ScalarType.Float32), _weight.Value, _bias.Value);   // [scenes * tokens, outputs]
        long[] facts = [.. scenes.SelectMany(Targets)];
        Tensor targets = tensor(facts, device: device).view(logits.shape[0], -1);
        Tensor sum = zeros([], device: device);
        double[] right = new double[Groups.Length];
        long row = 0, column = 0;
        foreach (var (i, (count, classes)) in Groups.Index())
        {
            Tensor part = logits.narrow(1, row, (long)count * classes).reshape(-1, classes), target = targets.narrow(1, column, count).reshape(-1);
            sum = sum.Plus(functional.cross_entropy(part, target, ignore_index: Unknown, reduction: Reduction.Sum));
            right[i] = Right(part.argmax(1).cpu().data<long>().ToArray(), target.cpu().data<long>().ToArray());
            (row, column) = (row + (long)count * classes, column + count);
        }
        Tensor loss = sum.Times(1.0 / Math.Max(1, facts.Count(fact => fact != Unknown)));
        // The DeepStack mergers see no loss here; their part is 0, so that every parameter has a gradient.
        Tensor all = levels.Aggregate(loss, (total, level) => total.Plus(level.to(ScalarType.Float32).sum().Times(0)));
        all.backward();
        return new(loss.item<float>(), right[0], right[^1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in Parameters) parameter.Dispose();
    }

    /// <summary>Share of the tokens on which there is something that say what it is.</summary>
    private static double Right(long[] said, long[] there) => said.Zip(there).Count(pair => pair.Second >= 1 && pair.First == pair.Second) / Math.Max(1.0, there.Count(fact => fact >= 1));

    /// <summary>For each token, row by row, a class of each group, or <see cref="Unknown"/>.</summary>
    private long[] Targets(Scene scene)
    {
        const int letters = 3;
        int each = letters + Strips;
        long[] targets = [.. Enumerable.Repeat(Unknown, _side * _side * each)];
        float size = (float)Canvas.Side / _side;
        for (int token = 0; token < _side * _side; token++)
        {
            Span<long> own = targets.AsSpan(token * each, each);
            if (scene.Facts.Count > 0) own[0] = 0;                  // nothing there
            if (scene.Letters.Count > 0) own[letters..].Clear();
            float x = (token % _side + 0.5f) * size, y = (token / _side + 0.5f) * size;
            foreach (Fact fact in scene.Facts.Where(fact => fact.Box.Contains(x, y)))
                (own[0], own[1], own[2]) = (fact.What, fact.Colour ?? Unknown, fact.Value ?? Unknown);
        }
        foreach (var (letter, box) in scene.Letters)
        {
            int strip = Math.Clamp((int)((box.Left + box.Width / 2) / size * Strips), 0, _side * Strips - 1), row = Math.Clamp((int)((box.Top + box.Height / 2) / size), 0, _side - 1);
            targets[(row * _side + strip / Strips) * each + letters + strip % Strips] = letter - 'a' + 1;
        }
        return targets;
    }
}
