using System.Diagnostics;
using System.Text.Json;
using static TorchSharp.torch;

namespace Interlace.Vlm.Engine;

/// <summary>
/// Where the time of a piece of work goes, by the parts of the program that <see cref="Of"/> names: a tree of them with calls and
/// seconds, and a trace that browsers show (chrome://tracing, Perfetto). Only the thread that begins it is watched: it is the one that
/// computes. Of the backward pass, which the engine runs by itself, only the kernels of this program are told apart. Without a profile a
/// part costs nothing.
/// </summary>
public sealed class Profile : IDisposable
{
    /// <summary>Format and version of a trace.</summary>
    public const string Format = "interlace-profile-1";

    private const int MostEvents = 200_000;

    [ThreadStatic] private static Profile? _current;

    /// <summary>The work is a GPU's, which goes on with what it has been given: the clock waits for it.</summary>
    internal static bool WaitsForGpu { get; set; }

    private readonly List<(string Name, long Start, long End)> _events = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private Node _at;

    private Profile() => _at = Root = new("all", null);

    /// <summary>All of the work so far.</summary>
    public Node Root { get; }

    /// <summary>Events that came after the trace was full.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Begins one on this thread; it ends when it is disposed.</summary>
    public static Profile Begin() => _current = new();

    /// <summary>A part of the work, until what is returned is disposed. Parts lie within one another.</summary>
    /// <param name="name">Its name: a stage, a step of it, or an operator.</param>
    public static Part Of(string name) => _current is { } profile ? new(profile, name) : default;

    /// <summary>Writes the trace in Chrome's format: complete events, in microseconds since the beginning.</summary>
    public void SaveTrace(Stream file)
    {
        using var writer = new Utf8JsonWriter(file);
        writer.WriteStartObject();
        writer.WriteString("format", Format);
        writer.WriteStartArray("traceEvents");
        foreach (var (name, start, end) in _events)
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("ph", "X");
            writer.WriteNumber("ts", Stopwatch.GetElapsedTime(_start, start).TotalMicroseconds);
            writer.WriteNumber("dur", Stopwatch.GetElapsedTime(start, end).TotalMicroseconds);
            writer.WriteNumber("pid", 1);
            writer.WriteNumber("tid", 1);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Ends it; what it holds stays.</summary>
    public void Dispose()
    {
        if (_current != this) return;
        _current = null;
        Root.Add(Stopwatch.GetTimestamp() - _start);
    }

    /// <summary>A part of the work.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="above">The part that it lies in; null of all.</param>
    public sealed class Node(string name, Node? above)
    {
        private readonly OrderedDictionary<string, Node> _parts = new(StringComparer.Ordinal);
        private long _ticks;

        /// <summary>Its name.</summary>
        public string Name => name;

        /// <summary>How often it was entered.</summary>
        public long Calls { get; private set; }

        /// <summary>Seconds in it, parts within it included.</summary>
        public double Seconds => (double)_ticks / Stopwatch.Frequency;

        /// <summary>Seconds in it outside the parts within it.</summary>
        public double OwnSeconds => Seconds - _parts.Values.Sum(part => part.Seconds);

        /// <summary>The parts within it, in the order in which they were entered first.</summary>
        public IEnumerable<Node> Parts => _parts.Values;

        internal Node? Above => above;

        internal Node Within(string part)
        {
            if (!_parts.TryGetValue(part, out var node)) _parts.Add(part, node = new(part, this));
            return node;
        }

        internal void Add(long ticks)
        {
            _ticks += ticks;
            Calls++;
        }
    }

    /// <summary>A part that has been entered.</summary>
    public readonly ref struct Part
    {
        private readonly Profile? _profile;
        private readonly long _entered;

        internal Part(Profile profile, string name)
        {
            _profile = profile;
            profile._at = profile._at.Within(name);
            _entered = Stopwatch.GetTimestamp();
        }

        /// <summary>Leaves it.</summary>
        public void Dispose()
        {
            if (_profile is not { } profile) return;
            if (WaitsForGpu) cuda.synchronize();
            long left = Stopwatch.GetTimestamp();
            Node node = profile._at;
            node.Add(left - _entered);
            profile._at = node.Above!;
            if (profile._events.Count < MostEvents) profile._events.Add((node.Name, _entered, left));
            else profile.LeftOut++;
        }
    }
}
