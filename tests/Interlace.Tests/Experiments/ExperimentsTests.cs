using Interlace.Experiments;

namespace Interlace.Tests.Experiments;

public class ExperimentsTests
{
    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Path.Combine(Shared.Repository, "experiments"), "*.json").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Files))]
    public void Every_experiment_can_be_read_and_starts_its_paths_at_its_folder(string file)
    {
        var experiment = ExperimentFile.Load(Path.Combine(Shared.Repository, "experiments", file));
        // One for a model and data that lie elsewhere names none: all three are options then.
        string?[] paths = [experiment.Model, experiment.Data!.Path, experiment.Evaluate!.Benchmarks];
        if (paths.All(path => path is null)) Assert.NotEmpty(experiment.Variants!);
        else Assert.All(paths, path => Assert.StartsWith(Shared.Repository, path));
    }
}
