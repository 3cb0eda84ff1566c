namespace Interlace.Vlm;

/// <summary>
/// Values of a computation are no numbers: unlike other wrong input it is never the fault of a single sample,
/// and is not passed over like one.
/// </summary>
public sealed class NotANumberException(string message) : InputException(message);
