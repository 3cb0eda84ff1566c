using Interlace.DemoModel.Scenes;
using Interlace.Vlm;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families;
using Interlace.Vlm.Families.Qwen3VL;
using Interlace.Vlm.Inputs;
using Interlace.Vlm.Text;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Interlace.DemoModel.Training;

/// <summary>What the visual tokens of a batch said, summed.</summary>
/// <param name="Loss">Divergence of what each token says from what it should: 0 where it gives its words in equal parts.</param>
/// <param name="Tokens">Of every token on something drawn: the family of its scene, and whether its likeliest words are those of what it is on.</param>
internal readonly record struct SeenWords(double Loss, IReadOnlyList<(string Family, bool Named)> Tokens)
{
    /// <summary>Of both together.</summary>
    public static SeenWords operator +(SeenWords a, SeenWords b) => new(a.Loss + b.Loss, [.. a.Tokens, .. b.Tokens]);

    /// <summary>The share of such tokens that are named rightly, by family.</summary>
    public SortedDictionary<string, double> Named => new(Tokens.GroupBy(token => token.Family).ToDictionary(family => family.Key, family => family.Average(token => token.Named ? 1.0 : 0)), StringComparer.Ordinal);
}

/// <summary>
/// Teaches the vision tower to see while there is no decoder yet: every visual token goes straight through the model's own output layer, and must give the words for what is drawn at its centre, both as they begin a text and
/// as they stand within one, and two markers that no text has: for its row and for its column. Rotary positions are relative and the way from an answer to the image differs from question to question: without the markers
/// nothing in a token would say which of the sixteen it is. So what is seen and what is read lie in one space before the first layer learns; with heads of their own, which are thrown away afterwards, the decoder had to find that out.
/// </summary>
internal sealed class TokenWords(VisionLanguageModel model, Tokenizer tokenizer, int side)
{
    private const string Nothing = "<|vision_pad|>";
    private static readonly string[] Rows = ["<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>"], Columns = ["<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"];

    private readonly Dictionary<string, int[]> _ids = new(StringComparer.Ordinal);

    /// <summary>Adds the gradient of so many times the summed loss of the scenes to the parameters of the tower, the embeddings and the final norm.</summary>
    public SeenWords Accumulate(IReadOnlyList<Scene> scenes, double scale, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        using var _ = enable_grad();
        VisualInput[] images = [.. scenes.Select(scene => VisualInput.Whole(scene.Image, scene.Image, side * side))];
        var (merged, levels) = model.Vision!.Encode(images, type, device, observe: null);
        Tensor logits = model.Logits(merged).to(ScalarType.Float32);   // [scenes * tokens, vocabulary]
        int[][] words = [.. scenes.SelectMany(Words)], said = [.. words.Select((ids, i) => (int[])[.. ids.Length == 0 ? [tokenizer.Id(Nothing)!.Value] : ids, .. Place(i % (side * side))])];
        Tensor loss = (functional.log_softmax(logits, 1) * Targets(said, device)).sum().Times(-1);
        // The DeepStack mergers see no loss here; their part is 0, so that every parameter has a gradient.
        Tensor all = levels.Aggregate(loss.Times(scale), (total, level) => total.Plus(level.to(ScalarType.Float32).sum().Times(0)));
        all.backward();
        bool[] right = Right(logits, said);
        int each = side * side;
        return new(loss.item<float>() - said.Sum(ids => Math.Log(ids.Length)), [.. Enumerable.Range(0, words.Length).Where(i => words[i].Length > 0).Select(i => (scenes[i / each].Set, right[i]))]);
    }

    /// <summary>For each token, row by row, the ids of the words at its centre; none where there is nothing.</summary>
    private int[][] Words(Scene scene)
    {
        float size = (float)Canvas.Side / side;
        return [.. Enumerable.Range(0, side * side).Select(token =>
        {
            Mark? mark = scene.Marks.LastOrDefault(m => m.Box.Contains((token % side + 0.5f) * size, (token / side + 0.5f) * size));
            return mark is null ? [] : mark.Words.SelectMany(Ids).Distinct().ToArray();
        })];
    }

    private int[] Place(int token) => [tokenizer.Id(Rows[token / side])!.Value, tokenizer.Id(Columns[token % side])!.Value];

    /// <summary>The tokens that are a word alone, without and with a space before it; the first of its pieces where there are none.</summary>
    private int[] Ids(string word)
    {
        if (_ids.TryGetValue(word, out int[]? known)) return known;
        int[][] forms = [tokenizer.Encode(word), tokenizer.Encode(" " + word)];
        int[] single = [.. forms.Where(form => form.Length == 1).Select(form => form[0])];
        return _ids[word] = single.Length > 0 ? single : [forms[0][0]];
    }

    /// <summary>[tokens, vocabulary]: the words of a token in equal parts.</summary>
    private Tensor Targets(int[][] words, Device device)
    {
        int vocabulary = model.VocabularySize;
        float[] shares = new float[words.Length * vocabulary];
        foreach (var (row, ids) in words.Index())
            foreach (int id in ids) shares[row * vocabulary + id] = 1f / ids.Length;
        return tensor(shares, [words.Length, vocabulary], device: device);
    }

    /// <summary>Whether the likeliest tokens, as many as a row has words, are those.</summary>
    private static bool[] Right(Tensor logits, int[][] words)
    {
        int most = Math.Max(1, words.Max(ids => ids.Length));
        long[] likeliest = logits.topk(most, 1).indexes.cpu().data<long>().ToArray();
        return [.. words.Select((ids, row) => ids.All(id => Array.IndexOf(likeliest, id, row * most, ids.Length) >= 0))];
    }
}
