using Interlace.Experiments;

namespace Interlace.Tests.Experiments;

public class ExperimentsTests
{
    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Path.Combine(Shared.Repository, "experiments"), "*.json").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Files))]
    public void Every_experiment_can_be_read_and_starts_its_paths_at_its_folder(string file)
    {
        var experiment = ExperimentFile.Load(Path.Combine(Shared.Repository, "experiments", file));
        Assert.StartsWith(Shared.Repository, experiment.Model);
        Assert.StartsWith(Shared.Repository, experiment.Data!.Path);
        Assert.StartsWith(Shared.Repository, experiment.Evaluate!.Benchmarks);
    }
}
