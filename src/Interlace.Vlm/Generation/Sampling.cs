namespace Interlace.Vlm.Generation;

/// <summary>Choosing a token from its logits: penalties, temperature, top-k, top-p, in this order (vLLM, Hugging Face).</summary>
internal static class Sampling
{
    /// <summary>The chosen id; <paramref name="logits"/> are overwritten.</summary>
    /// <param name="logits">Of each token of the vocabulary.</param>
    /// <param name="options">How to choose.</param>
    /// <param name="prompt">The tokens that occur in the prompt.</param>
    /// <param name="answer">The tokens that occur in the answer so far.</param>
    /// <param name="random">Drawn from once, where there is a temperature.</param>
    public static int Choose(Span<float> logits, GenerationOptions options, HashSet<int> prompt, HashSet<int> answer, ref SplitMix64 random)
    {
        if (options.RepetitionPenalty != 1)
        {
            foreach (int id in prompt) Repeat(ref logits[id], options.RepetitionPenalty);
            foreach (int id in answer) if (!prompt.Contains(id)) Repeat(ref logits[id], options.RepetitionPenalty);
        }
        if (options.PresencePenalty != 0)
            foreach (int id in answer) logits[id] -= (float)options.PresencePenalty;
        return options.Temperature == 0 ? Largest(logits) : Draw(logits, options, ref random);
    }

    /// <summary>The same, where the logits of some tokens alone are known: those that can be chosen, and all that are penalised.</summary>
    /// <param name="ids">The tokens, ascending.</param>
    /// <param name="logits">Their logits, which are overwritten.</param>
    /// <param name="options">How to choose.</param>
    /// <param name="prompt">The tokens that occur in the prompt.</param>
    /// <param name="answer">The tokens that occur in the answer so far.</param>
    /// <param name="random">Drawn from once, where there is a temperature.</param>
    public static int ChooseAmong(int[] ids, float[] logits, GenerationOptions options, HashSet<int> prompt, HashSet<int> answer,
        ref SplitMix64 random)
    {
        HashSet<int> Places(HashSet<int> tokens) => [.. Enumerable.Range(0, ids.Length).Where(at => tokens.Contains(ids[at]))];
        return ids[Choose(logits, options, Places(prompt), Places(answer), ref random)];
    }

    /// <summary>The tokens whose logits are changed before one is chosen.</summary>
    public static int[] Penalised(GenerationOptions options, HashSet<int> prompt, HashSet<int> answer) => options switch
    {
        { RepetitionPenalty: not 1 } => [.. prompt.Union(answer)],
        { PresencePenalty: not 0 } => [.. answer],
        _ => [],
    };

    private static void Repeat(ref float logit, double penalty) => logit = (float)(logit > 0 ? logit / penalty : logit * penalty);

    private static int Largest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++) if (logits[i] > logits[best]) best = i;
        return best;
    }

    private static int Draw(ReadOnlySpan<float> logits, GenerationOptions options, ref SplitMix64 random)
    {
        int[] ids = Likeliest(logits, options.TopK > 0 ? Math.Min(options.TopK, logits.Length) : logits.Length);
        double largest = logits[ids[0]], total = 0;
        double[] weights = new double[ids.Length];
        for (int i = 0; i < ids.Length; i++) total += weights[i] = Math.Exp((logits[ids[i]] - largest) / options.Temperature);
        int kept = ids.Length;
        if (options.TopP < 1)
        {
            double reached = 0;
            for (kept = 0; kept < ids.Length && (kept == 0 || reached < options.TopP * total); kept++) reached += weights[kept];
            total = reached;
        }
        double at = random.NextDouble() * total;
        for (int i = 0; i < kept; i++)
            if ((at -= weights[i]) < 0) return ids[i];
        return ids[kept - 1];
    }

    /// <summary>The <paramref name="count"/> ids of largest logits, largest first, ties by lower id.</summary>
    private static int[] Likeliest(ReadOnlySpan<float> logits, int count)
    {
        float[] keys = new float[logits.Length];
        int[] ids = new int[logits.Length];
        for (int i = 0; i < ids.Length; i++) (keys[i], ids[i]) = (-logits[i], i);
        if (count < ids.Length / 8)
        {
            // A heap of the best is far cheaper than sorting a vocabulary.
            var heap = new PriorityQueue<int, (float, int)>(count + 1);
            for (int i = 0; i < ids.Length; i++)
            {
                if (heap.Count < count) heap.Enqueue(i, (logits[i], -i));
                else if (logits[i] > logits[heap.Peek()]) heap.EnqueueDequeue(i, (logits[i], -i));
            }
            int[] best = new int[count];
            for (int i = count - 1; i >= 0; i--) best[i] = heap.Dequeue();
            return best;
        }
        Array.Sort(ids, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        return ids[..count];
    }
}
