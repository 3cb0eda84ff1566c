using System.Text;
using Google.Protobuf;
using Interlace.Artefacts;
using Interlace.Vlm;
using Interlace.Vlm.Files;

namespace Interlace.Training;

/// <summary>
/// The rows of <c>train.jsonl</c> as TensorBoard reads them, one event a step and one a validation. What the file lacks of the log is added
/// when a tuning goes on, and what goes beyond it goes: the log decides.
/// </summary>
/// <param name="path">The event file.</param>
/// <param name="clock">What time it is: TensorBoard shows when a step was.</param>
public sealed class TrainingEvents(string path, TimeProvider clock)
{
    /// <summary>The file's name: TensorBoard takes any that has <c>tfevents</c> in it.</summary>
    public const string Name = Pruning.PrunedModelFile.TrainingEventsName;

    private const string Version = "brain.Event:2";
    private const int LargestFile = 1 << 30;

    /// <summary>Brings the file to the state of a log.</summary>
    /// <param name="rows">The rows, in order.</param>
    /// <exception cref="InputException">The file is damaged.</exception>
    public void Follow(IReadOnlyList<TrainingLogRow> rows)
    {
        byte[][] found = File.Exists(path) ? [.. EventRecords.Read(UserFile.Read(path, LargestFile), path)] : [];
        var known = new Dictionary<(long Step, bool IsValidation), byte[]>();
        foreach (byte[] record in found.Skip(1)) known.TryAdd(PlaceOf(record), record);
        List<byte[]> records = [found.FirstOrDefault() ?? Event(0, output => Write(output, FileVersion, Version))];
        foreach (var row in rows)
        {
            records.Add(known.GetValueOrDefault((row.Step, false)) ?? OfStep(row));
            if (row.ValidationLoss is not null) records.Add(known.GetValueOrDefault((row.Step, true)) ?? OfValidation(row));
        }
        AtomicFile.Write(path, [.. records.SelectMany(record => EventRecords.Framed(record))]);
    }

    /// <summary>Adds a step.</summary>
    public void Append(TrainingLogRow row) => Append(OfStep(row));

    /// <summary>Adds the loss of the held-back samples behind a step.</summary>
    public void AppendValidation(TrainingLogRow row) => Append(OfValidation(row));

    private void Append(byte[] record)
    {
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write(EventRecords.Framed(record));
    }

    private byte[] OfStep(TrainingLogRow row) => Event(row.Step, output => Write(output,
        ("train/loss", row.Loss), ("train/learning_rate", row.LearningRate), ("train/grad_norm", row.GradNorm),
        ("train/samples_per_second", row.SamplesPerSecond), ("train/tokens", row.Tokens)));

    private byte[] OfValidation(TrainingLogRow row) => Event(row.Step, output => Write(output, (ValidationTag, row.ValidationLoss!.Value)));

    // Fields of the messages Event, Summary and Summary.Value (TensorBoard's event.proto and summary.proto).
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, Value = 1, Tag = 1, SimpleValue = 2;
    private const string ValidationTag = "validation/loss";

    private byte[] Event(long step, Action<CodedOutputStream> write) => Message(output =>
    {
        output.WriteTag(WallTime, WireFormat.WireType.Fixed64);
        output.WriteDouble(clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        output.WriteTag(Step, WireFormat.WireType.Varint);
        output.WriteInt64(step);
        write(output);
    });

    private static void Write(CodedOutputStream output, params ReadOnlySpan<(string Tag, double Value)> values)
    {
        var summary = new List<byte[]>();
        foreach (var (tag, value) in values)
        {
            summary.Add(Message(inner =>
            {
                Write(inner, Tag, tag);
                inner.WriteTag(SimpleValue, WireFormat.WireType.Fixed32);
                inner.WriteFloat((float)value);
            }));
        }
        Write(output, Summary, Message(inner =>
        {
            foreach (byte[] value in summary) Write(inner, Value, value);
        }));
    }

    private static void Write(CodedOutputStream output, int field, string text)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(text);
    }

    private static void Write(CodedOutputStream output, int field, byte[] message)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(message));
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true)) write(output);
        return bytes.ToArray();
    }

    /// <summary>Which step an event is of, and whether it is its validation.</summary>
    private static (long Step, bool IsValidation) PlaceOf(byte[] record)
    {
        var input = new CodedInputStream(record);
        long step = 0;
        while (input.ReadTag() is not 0 and uint tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == Step) step = input.ReadInt64();
            else input.SkipLastField();
        }
        return (step, record.AsSpan().IndexOf(Encoding.UTF8.GetBytes(ValidationTag)) >= 0);
    }
}
