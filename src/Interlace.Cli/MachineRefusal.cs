namespace Interlace.Cli;

/// <summary>What the machine refuses the program, in words: an exception of the runtime or the engine says it in its own.</summary>
internal static class MachineRefusal
{
    private const string NoMemory = "There is not enough memory for this: allow more (ulimit -v), close other programs, or make batches smaller.";

    /// <summary>A sentence, or null where the exception is about something else.</summary>
    public static string? Of(Exception? e) => e switch
    {
        null => null,
        OutOfMemoryException => NoMemory,
        TypeInitializationException { TypeName: var type } when type.StartsWith("TorchSharp.", StringComparison.Ordinal) => "The engine cannot be loaded: interlace doctor says what is missing; where memory is limited (ulimit -v), allow more.",
        FileNotFoundException or FileLoadException when e.Message.Contains("file or assembly", StringComparison.Ordinal) =>
            "The program cannot load its own parts: they are missing, or too few open files or too little memory are allowed (ulimit -n, ulimit -v).",
        _ when IsAboutMemory(e.Message) => NoMemory,
        _ => Of(e.InnerException),
    };

    private static bool IsAboutMemory(string message) =>
        new[] { "allocate memory", "out of memory", "bad_alloc" }.Any(words => message.Contains(words, StringComparison.OrdinalIgnoreCase));
}
