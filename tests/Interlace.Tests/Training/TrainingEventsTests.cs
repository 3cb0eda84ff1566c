using Google.Protobuf;
using Interlace.Pruning;
using Interlace.Tests.Cli;
using Interlace.Tests.Evaluation;
using Interlace.Training;
using Interlace.Vlm;

namespace Interlace.Tests.Training;

public sealed class TrainingEventsTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    public void Dispose() => _scratch.Dispose();

    /// <summary>The scalars of an event file by step and name; every record's checksums are looked at on the way.</summary>
    public static List<(long Step, string Tag, float Value)> Scalars(string path)
    {
        var scalars = new List<(long, string, float)>();
        foreach (byte[] record in EventRecords.Read(File.ReadAllBytes(path), path))
        {
            var (time, step, values) = (0.0, 0L, new List<byte[]>());
            Fields(record, (field, input) =>
            {
                if (field == 1) time = input.ReadDouble();
                else if (field == 2) step = input.ReadInt64();
                else if (field == 5) Fields(input.ReadBytes().ToByteArray(), (_, inner) => values.Add(inner.ReadBytes().ToByteArray()));
                else Assert.Equal("brain.Event:2", input.ReadString());
            });
            Assert.InRange(time, 1.5e9, 1e10);   // seconds since 1970
            foreach (byte[] value in values)
            {
                var (tag, number) = ("", 0f);
                Fields(value, (field, input) =>
                {
                    if (field == 1) tag = input.ReadString();
                    else number = input.ReadFloat();
                });
                scalars.Add((step, tag, number));
            }
        }
        return scalars;
    }

    [Fact]
    public void A_record_has_the_frame_that_every_event_file_begins_with()
    {
        // The first twelve bytes of TensorFlow's own files: a version record of 24 bytes, and the checksum of that number.
        byte[] framed = EventRecords.Framed(new byte[24]);
        Assert.Equal("18000000" + "00000000" + "A37F4B22", Convert.ToHexString(framed[..12]));
        Assert.Equal(24 + 16, framed.Length);
        byte[] file = [.. framed, .. EventRecords.Framed([1, 2, 3])];
        Assert.Equal([24, 3], EventRecords.Read(file, "it").Select(record => record.Length));
        Assert.Single(EventRecords.Read(file[..^1], "it"));   // what an interruption cut off is left out
        foreach (int place in new[] { 0, 9, 20, 38, file.Length - 1 })
        {
            byte[] changed = [.. file];
            changed[place] ^= 1;
            var refusal = Assert.Throws<InputException>(() => EventRecords.Read(changed, "it"));
            Assert.Contains("damaged", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_log_decides_what_is_in_the_file()
    {
        TrainingLogRow Row(int step, double? validation = null) =>
            new(step, 0, 1.5 / (step + 1), 1e-3, 0.5, 4, 100, 50, 10, 1 << 20, validation);
        string path = _scratch.At(TrainingEvents.Name);
        var events = new TrainingEvents(path, TimeProvider.System);
        events.Follow([]);
        foreach (int step in new[] { 0, 1, 2 }) events.Append(Row(step));
        events.AppendValidation(Row(1, 0.7));
        byte[] before = File.ReadAllBytes(path);
        File.WriteAllBytes(path, [.. before, 9, 9]);   // cut off within a record
        events.Follow([Row(0), Row(1, 0.7), Row(2)]);
        Assert.Equal(before.Length, File.ReadAllBytes(path).Length);
        var places = Scalars(path).Select(scalar => (scalar.Step, scalar.Tag.Split('/')[0])).Distinct();
        Assert.Equal([(0, "train"), (1, "train"), (1, "validation"), (2, "train")], places);
        events.Follow([Row(0)]);
        Assert.All(Scalars(path), scalar => Assert.Equal(0, scalar.Step));
        events.Follow([Row(0), Row(1)]);
        Assert.Equal((float)Row(1).Loss, Scalars(path).Single(scalar => scalar is { Step: 1, Tag: "train/loss" }).Value);
    }

    [Fact]
    public void A_tuned_folder_has_the_events_and_nothing_else_changes()
    {
        var tuning = new ShortTuning(_scratch);
        string plain = tuning.Run("plain"), logged = tuning.Run("logged", "finetune.log_to=tensorboard");
        string[] Names(string folder) =>
            [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(plain), Names(logged).Where(name => name != TrainingEvents.Name));
        Assert.Equal(Names(plain).Length + 1, Names(logged).Length);
        ShortTuning.AssertAlike(plain, logged);
        var rows = TrainingLog.Read(Path.Combine(logged, TrainingLog.Name));
        var losses = Scalars(Path.Combine(logged, TrainingEvents.Name)).Where(scalar => scalar.Tag == "train/loss").ToArray();
        Assert.Equal(rows.Select(row => ((long)row.Step, (float)row.Loss)), losses.Select(scalar => (scalar.Step, scalar.Value)));

        string plan = _scratch.At("again.json");
        PlanFile.Save(PruningPlan.Create(11, [7], [8], new()), plan);
        Assert.Equal(0, CommandRun.Of("prune", logged, "--plan", plan, "--out", _scratch.At("again")).Code);
        Assert.False(File.Exists(_scratch.At("again", TrainingEvents.Name)));   // it is another model's
    }

    private static void Fields(byte[] message, Action<int, CodedInputStream> read)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and uint tag) read(WireFormat.GetTagFieldNumber(tag), input);
    }
}
