using Interlace.Vlm.Engine;
using Interlace.Vlm.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace Interlace.Vlm.Generation;

/// <summary>
/// Chooses the next token of each conversation, each by its own options. How one is chosen depends on its own logits, options and seed,
/// and on nothing of its neighbours.
/// </summary>
internal static class TokenChoice
{
    /// <summary>Adds a token to every conversation; one whose logits are no numbers gets a fault instead.</summary>
    /// <param name="logits">[B, V].</param>
    /// <param name="conversations">B of them.</param>
    /// <param name="model">The model, for saying where a value that is no number began.</param>
    public static void Add(Tensor logits, IReadOnlyList<ActiveConversation> conversations, VisionLanguageModel model)
    {
        using var part = Profile.Of("choose");
        var (greedy, drawn) = (Places(conversations, c => c.Options.IsPlainGreedy), Places(conversations, c => !c.Options.IsPlainGreedy));
        if (greedy.Length > 0) Largest(Rows(logits, greedy), At(conversations, greedy), model);
        if (drawn.Length > 0) Sampled(Rows(logits, drawn), At(conversations, drawn), model);
    }

    private static int[] Places(IReadOnlyList<ActiveConversation> conversations, Func<ActiveConversation, bool> holds) =>
        [.. Enumerable.Range(0, conversations.Count).Where(i => holds(conversations[i]))];

    private static ActiveConversation[] At(IReadOnlyList<ActiveConversation> conversations, int[] places) =>
        [.. places.Select(place => conversations[place])];

    private static Tensor Rows(Tensor logits, int[] places) => places.Length == logits.shape[0] ? logits
        : logits.index_select(0, Upload.Of(Array.ConvertAll(places, place => (long)place), logits.device));

    private static void Largest(Tensor logits, ActiveConversation[] conversations, VisionLanguageModel model)
    {
        Tensor finite = logits.amax([-1]).isfinite();
        long[] read = stack([logits.argmax(-1), finite.to(ScalarType.Int64)]).cpu().data<long>().ToArray();   // one way for both
        int count = conversations.Length;
        for (int i = 0; i < count; i++)
            if (AreNumbers(read[count + i] != 0, conversations[i], model)) conversations[i].Add((int)read[i]);
    }

    private static void Sampled(Tensor logits, ActiveConversation[] conversations, VisionLanguageModel model)
    {
        if (logits.device.type != DeviceType.CPU && AmongFew(logits, conversations, model)) return;
        bool[] finite = logits.amax([-1]).isfinite().cpu().data<bool>().ToArray();
        float[] all = logits.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        int size = all.Length / conversations.Length;
        foreach (var (i, conversation) in conversations.Index())
        {
            if (!AreNumbers(finite[i], conversation, model)) continue;
            conversation.Add(Sampling.Choose(all.AsSpan(i * size, size), conversation.Options, conversation.Asked, conversation.Answered,
                ref conversation.Random));
        }
    }

    /// <summary>Where the tokens that can be chosen are few: the others stay on the device.</summary>
    private static bool AmongFew(Tensor logits, ActiveConversation[] conversations, VisionLanguageModel model)
    {
        int[][] penalised = [.. conversations.Select(c => Sampling.Penalised(c.Options, c.Asked, c.Answered))];
        int?[] counts = [.. conversations.Select((c, i) => Candidates.Count(c.Options, penalised[i].Length))];
        if (counts.Contains(null) || counts.Max() is not { } count || count > logits.shape[1] / 4) return false;
        foreach (var (i, (ids, values, isFinite)) in Candidates.Of(logits, count, penalised).Index())
        {
            var conversation = conversations[i];
            if (!AreNumbers(isFinite, conversation, model)) continue;
            conversation.Add(Sampling.ChooseAmong(ids, values, conversation.Options, conversation.Asked, conversation.Answered,
                ref conversation.Random));
        }
        return true;
    }

    /// <summary>The largest of a row is a number only where none is NaN or positive infinity.</summary>
    private static bool AreNumbers(bool largestIsFinite, ActiveConversation conversation, VisionLanguageModel model)
    {
        if (largestIsFinite) return true;
        using var batch = Batch.Pack([conversation.Prompt.Followed(conversation.Ids)], model.Device);
        conversation.Fault = FiniteValues.Refusal("The logits are no numbers", model, batch);
        return false;
    }
}
