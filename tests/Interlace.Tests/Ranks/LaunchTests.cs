using Interlace.Ranks;
using Interlace.Vlm;

namespace Interlace.Tests.Ranks;

/// <summary>How a process knows that it is one of several: what mpirun and srun leave in the environment.</summary>
public class LaunchTests
{
    [Fact]
    public void A_process_without_such_variables_is_alone() => Assert.Equal(Launch.Alone, Of([]));

    [Fact]
    public void Open_MPI_tells_rank_and_place_on_the_machine() => Assert.Equal(new(5, 8, 1, 4), Of(
    [
        ("OMPI_COMM_WORLD_RANK", "5"), ("OMPI_COMM_WORLD_SIZE", "8"), ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
        ("OMPI_COMM_WORLD_LOCAL_SIZE", "4"),
    ]));

    [Fact]
    public void A_device_can_be_named() => Assert.Equal(new(1, 2, 0, 2), Of(
    [
        ("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2"), ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
        ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"), ("LOCAL_RANK", "0"),
    ]));

    [Theory]
    [InlineData("4(x2),3", "0", 4), InlineData("4(x2),3", "1", 4), InlineData("4(x2),3", "2", 3), InlineData("8", "0", 8)]
    public void Slurm_tells_how_many_are_on_each_machine(string list, string machine, int expected) => Assert.Equal(expected, Of(
    [
        ("PMIX_RANK", "2"), ("SLURM_STEP_NUM_TASKS", "11"), ("SLURM_LOCALID", "2"), ("SLURM_NODEID", machine),
        ("SLURM_STEP_TASKS_PER_NODE", list),
    ]).LocalCount);

    [Theory]
    [InlineData("8", "8", "0"), InlineData("0", "2", "5"), InlineData("one", "2", "0")]
    public void Variables_that_contradict_each_other_are_refused(string rank, string count, string local) =>
        Assert.Contains("mpirun or srun", Assert.Throws<InputException>(() => Of(
        [
            ("OMPI_COMM_WORLD_RANK", rank), ("OMPI_COMM_WORLD_SIZE", count), ("OMPI_COMM_WORLD_LOCAL_RANK", local),
        ])).Message, StringComparison.Ordinal);

    private static Launch Of((string Name, string Value)[] variables) =>
        Launch.Of(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
