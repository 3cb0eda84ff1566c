using Interlace.Vlm;

namespace Interlace.Outputs;

/// <summary>
/// The one rule for where anything may be written: an output is neither an input nor a folder above one,
/// and nothing is written into a model folder that is read.
/// Places are compared by their real paths.
/// </summary>
public static class OutputPlace
{
    /// <summary>Checks a place before anything is written to it or deleted from it.</summary>
    /// <param name="output">The file or folder to write.</param>
    /// <param name="inputs">Everything that is read: folders and files; those that are null are none.</param>
    /// <exception cref="InputException">They overlap.</exception>
    public static void Check(string output, params IEnumerable<string?> inputs)
    {
        string place = RealPath.Of(output);
        foreach (string input in inputs.OfType<string>().Where(path => path.Length > 0))
        {
            string read = RealPath.Of(input);
            if (read == place) throw new InputException($"{output} is read by this command: name another place to write to.");
            if (RealPath.IsWithin(read, place))
                throw new InputException($"{output} holds {input}, which this command reads: name another place to write to.");
            if (IsModelFolder(read) && RealPath.IsWithin(place, read))
            {
                throw new InputException($"{output} lies in the model folder {input}, which this command reads: "
                    + "name a place outside of it.");
            }
        }
    }

    private static bool IsModelFolder(string path) => File.Exists(Path.Combine(path, "config.json"));
}
