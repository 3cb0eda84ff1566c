using Interlace.Vlm.Files;

namespace Interlace.Evaluation.Likelihoods;

/// <summary>Where the rows of a <see cref="LikelihoodsFile"/> lie in its folder, one file each.</summary>
public static class LikelihoodsFolder
{
    internal const string TextsName = "texts";
    internal const string ChoicesName = "choices";

    /// <summary>What a model makes of each row of a file.</summary>
    /// <param name="folder">The folder of an evaluation.</param>
    /// <param name="kind">What the rows are.</param>
    /// <param name="name">Name of the file, which may come from an artefact that somebody else wrote.</param>
    /// <exception cref="Vlm.InputException">The name leads elsewhere.</exception>
    public static string Rows(string folder, LikelihoodKind kind, string name)
    {
        PlainName.Check(name, "The name of a file of texts or choices");
        return Path.Combine(folder, kind == LikelihoodKind.Texts ? TextsName : ChoicesName, $"{name}.jsonl");
    }

    /// <summary>Discards all rows.</summary>
    internal static void Clear(string folder)
    {
        foreach (string name in (string[])[TextsName, ChoicesName])
            if (Path.Combine(folder, name) is var path && Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }
}
