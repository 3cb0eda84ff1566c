namespace Interlace.Training;

/// <summary>The parts of a batch's loss, neither scaled nor divided by anything.</summary>
/// <param name="Answers">Cross-entropy, or its mixture with the divergence from the unpruned model, summed over the answer tokens.</param>
/// <param name="States">Squared differences from the unpruned model's states, summed over anchors, tokens and elements.</param>
public readonly record struct BatchLoss(double Answers, double States)
{
    /// <summary>Of two batches together.</summary>
    public static BatchLoss operator +(BatchLoss a, BatchLoss b) => new(a.Answers + b.Answers, a.States + b.States);

    /// <summary>Both are numbers.</summary>
    public bool IsFinite => double.IsFinite(Answers) && double.IsFinite(States);
}
