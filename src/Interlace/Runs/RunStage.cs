using Interlace.Vlm;

namespace Interlace.Runs;

/// <summary>A stage of a run: done where its artefact stands and was made from the inputs at hand.</summary>
/// <param name="artefact">What it leaves; null where it is done each time.</param>
/// <param name="done">Artefacts that have been made or looked at.</param>
/// <param name="run">Does it.</param>
/// <param name="check">Throws where the artefact was made from other inputs; null where there is no artefact.</param>
/// <param name="skipped">Called where it is done before.</param>
/// <param name="complete">Whether the artefact has all that is asked for; null where it always has.</param>
internal sealed class RunStage(string? artefact, HashSet<string> done, Action run, Action? check, Action? skipped = null,
    Func<bool>? complete = null)
{
    /// <summary>Nothing is left to do.</summary>
    /// <exception cref="InputException">The artefact was made from other inputs.</exception>
    public bool IsDone
    {
        get
        {
            if (artefact is null || !Path.Exists(artefact)) return false;
            if (done.Contains(artefact)) return true;
            check?.Invoke();
            if (complete?.Invoke() == false) return false;
            done.Add(artefact);
            return true;
        }
    }

    /// <summary>Does what is left to do.</summary>
    /// <exception cref="InputException">The artefact was made from other inputs, or an input is wrong.</exception>
    public void Run()
    {
        if (IsDone)
        {
            skipped?.Invoke();
            return;
        }
        run();
        if (artefact is not null) done.Add(artefact);
    }
}
