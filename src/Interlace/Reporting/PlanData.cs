namespace Interlace.Reporting;

/// <summary>What happens to each layer (paper 3.3, Algorithm 1).</summary>
/// <param name="LayerCount">Layers of the unpruned model.</param>
/// <param name="Drop">Dropped layers, in the numbers of the unpruned model.</param>
/// <param name="Tune">Tuned layers, likewise.</param>
/// <param name="Freeze">All others, likewise.</param>
/// <param name="ProtectedCount">The first so many layers may not be dropped.</param>
/// <param name="Triplets">First layers of the chosen triplets in the order of choice; empty for methods without triplets.</param>
/// <param name="Method">Name of the method.</param>
/// <param name="SinksKept">Layers that could not be dropped because they write an attention sink.</param>
/// <param name="Compared">Plans of several methods of which this one was the best.</param>
/// <param name="Chosen">The method whose plan it is then.</param>
/// <param name="Guard">What keeping such layers changes, or would change, in one sentence; null where nothing is known.</param>
public sealed record PlanData(int LayerCount, int[] Drop, int[] Tune, int[] Freeze, int ProtectedCount = 0, int[]? Triplets = null,
    string Method = "interlace", int[]? SinksKept = null, string? Guard = null,
    IReadOnlyList<Pruning.BestRow>? Compared = null, string? Chosen = null);
