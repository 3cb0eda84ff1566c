namespace Interlace.Pruning.Bridging;

/// <summary>One bridge: how far the stream behind a layer lies from the state behind the layers that are dropped after it.</summary>
/// <param name="Layer">Original 0-based index of the layer whose feed-forward takes the bridge up.</param>
/// <param name="Dropped">Original indices of the dropped layers that it bridges.</param>
/// <param name="ErrorBefore">|M + Y - X| / |X| over the tokens of the samples: without this bridge, but with all those below it.</param>
/// <param name="ErrorAfter">The same with the bridge as it stands in the file, rounding to the file's type included.</param>
public sealed record BridgedLayer(int Layer, int[] Dropped, double ErrorBefore, double ErrorAfter);
