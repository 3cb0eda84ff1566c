namespace Interlace.Vlm;

/// <summary>
/// The user's input is wrong: one sentence that says what, where, and what to do. The command line prints it alone and exits with code 2.
/// </summary>
public class InputException(string message, Exception? inner = null) : Exception(message, inner);
