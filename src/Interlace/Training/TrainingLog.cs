using Interlace.Artefacts;

namespace Interlace.Training;

/// <summary>The log <c>train.jsonl</c>. It holds times, so its bytes differ from run to run; the other artefacts' do not.</summary>
public static class TrainingLog
{
    /// <summary>The log's usual name.</summary>
    public const string Name = Pruning.PrunedModelFile.TrainingLogName;

    private static readonly JsonLines<TrainingLogRow> Lines = new("steps of a training");

    /// <summary>Adds a row.</summary>
    public static void Append(string path, TrainingLogRow row) => Lines.Append(path, row);

    /// <summary>The rows of a log; a last line that an interruption cut off is left out.</summary>
    /// <exception cref="Vlm.InputException">A line is damaged.</exception>
    public static IReadOnlyList<TrainingLogRow> Read(string path) => Lines.Read(path);

    /// <summary>Keeps the rows before a step: what a resumed run will write again goes.</summary>
    public static void Truncate(string path, int step)
    {
        if (File.Exists(path)) Lines.Save(path, Read(path).Where(row => row.Step < step));
    }
}
