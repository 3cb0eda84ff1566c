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
/// <param name="Named">Share of things that were named rightly.</param>
internal sealed record VisionOutcome(double Loss, double Named);

/// <summary>
/// A linear layer over all visual tokens of an image that names the things in its four places, their colours, the values of bars, and the letters of words: it teaches the vision tower to see before
/// there are words. It is thrown away afterwards.
/// </summary>
internal sealed class VisionHeads : IDisposable
{
    private const int Places = 4, Values = 10, WordCount = 2, LettersPerWord = 8, Letters = 27;

    private readonly int _things;
    private readonly Parameter _weight, _bias;

    /// <summary>Fresh heads for so many things, over so many numbers an image.</summary>
    public VisionHeads(int pictures, long inputs, long seed, Device device)
    {
        _things = 22 + pictures;
        long outputs = Groups.Sum(group => (long)group.Count * group.Classes);
        _weight = FreshParameters.New("heads.weight", [outputs, inputs], seed, 1 / Math.Sqrt(3.0 * inputs), device);
        _bias = FreshParameters.New("heads.bias", [outputs], seed, 0, device);
        foreach (var parameter in Parameters) parameter.Train();
    }

    /// <summary>Weight and bias.</summary>
    public IReadOnlyList<Parameter> Parameters => [_weight, _bias];

    private (int Count, int Classes)[] Groups => [(Places, _things), (Places, Colours.Names.Count), (Places, Values), (WordCount * LettersPerWord, Letters)];

    /// <summary>Adds the gradient of the mean loss of the scenes to the parameters of the tower and of the heads.</summary>
    public VisionOutcome Accumulate(VisionTower tower, IReadOnlyList<Scene> scenes, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        var (merged, levels) = tower.Run([.. scenes.Select(scene => scene.Image)], type, device, null);
        Tensor logits = functional.linear(merged.to(ScalarType.Float32).view(scenes.Count, -1), _weight.Value, _bias.Value);
        long[] facts = [.. scenes.SelectMany(Targets)];
        Tensor targets = tensor(facts, device: device).view(scenes.Count, -1);
        Tensor sum = zeros([], device: device);
        double named = 0;
        long row = 0, column = 0;
        foreach (var (count, classes) in Groups)
        {
            Tensor part = logits.narrow(1, row, (long)count * classes).reshape(-1, classes), target = targets.narrow(1, column, count).reshape(-1);
            sum = sum.Plus(functional.cross_entropy(part, target, ignore_index: Unknown, reduction: Reduction.Sum));
            if (row == 0) named = Named(part.argmax(1).cpu().data<long>().ToArray(), target.cpu().data<long>().ToArray());
            (row, column) = (row + (long)count * classes, column + count);
        }
        Tensor loss = sum.Times(1.0 / Math.Max(1, facts.Count(fact => fact != Unknown)));
        // The DeepStack mergers see no loss here; their part is 0, so that every parameter has a gradient.
        Tensor all = levels.Aggregate(loss, (total, level) => total.Plus(level.to(ScalarType.Float32).sum().Times(0)));
        all.backward();
        return new(loss.item<float>(), named);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in Parameters) parameter.Dispose();
    }

    private const long Unknown = -100;

    private static double Named(long[] said, long[] things) => said.Zip(things).Count(pair => pair.Second >= 1 && pair.First == pair.Second) / Math.Max(1.0, things.Count(thing => thing >= 1));

    /// <summary>A class for each place of each group, or <see cref="Unknown"/>.</summary>
    private static long[] Targets(Scene scene)
    {
        long[] targets = [.. Enumerable.Repeat(Unknown, 3 * Places + WordCount * LettersPerWord)];
        if (scene.Facts.Count > 0) targets.AsSpan(0, Places).Clear();   // 0: nothing there
        foreach (Fact fact in scene.Facts)
        {
            targets[fact.Place] = fact.What;
            if (fact.Colour is { } colour) targets[Places + fact.Place] = colour;
            if (fact.Value is { } value) targets[2 * Places + fact.Place] = value;
        }
        foreach (var (w, word) in scene.Words.Index())
            for (int i = 0; i < LettersPerWord; i++) targets[3 * Places + w * LettersPerWord + i] = i < word.Length ? word[i] - 'a' + 1 : 0;
        return targets;
    }
}
