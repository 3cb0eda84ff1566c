namespace Interlace.Pruning;

/// <summary>
/// A selection method: a pure, deterministic function that knows no model family. It drops exactly <paramref name="dropCount"/> layers
/// (<c>dense</c> drops none and tunes that many) or throws <see cref="PlanException"/>.
/// </summary>
public delegate PruningPlan Select(Evidence evidence, int dropCount, MethodOptions options);
