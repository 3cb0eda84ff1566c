using System.Globalization;
using System.Text;

namespace Interlace.Server;

/// <summary>
/// What the server counts, in the text form of Prometheus (version 0.0.4). Labels are names of served models, of addresses that the server
/// has, and statuses: callers cannot make new ones.
/// </summary>
internal sealed class ServerMetrics
{
    private static readonly double[] Bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100];

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, double> _requests = new(StringComparer.Ordinal), _promptTokens = new(StringComparer.Ordinal),
        _newTokens = new(StringComparer.Ordinal), _waiting = new(StringComparer.Ordinal), _active = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double[]> _firstToken = new(StringComparer.Ordinal), _answer = new(StringComparer.Ordinal);

    /// <summary>A request has been answered. A client that leaves before has status 499.</summary>
    public void Request(string path, int status) => Add(_requests, $"path=\"{path}\",status=\"{status}\"", 1);

    /// <summary>An answer has begun, so long after its request arrived.</summary>
    public void FirstToken(string model, TimeSpan since) => Observe(_firstToken, model, since);

    /// <summary>An answer is whole, so long after its request arrived.</summary>
    public void Answer(string model, int promptTokens, int newTokens, TimeSpan since)
    {
        Add(_promptTokens, OfModel(model), promptTokens);
        Add(_newTokens, OfModel(model), newTokens);
        Observe(_answer, model, since);
    }

    /// <summary>How many wait for a model, and how many it answers.</summary>
    public void Load(string model, int waiting, int active)
    {
        lock (_gate) (_waiting[OfModel(model)], _active[OfModel(model)]) = (waiting, active);
    }

    /// <summary>All of it.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        lock (_gate)
        {
            Write(text, "interlace_requests_total", "counter", "Requests by address and status.", _requests);
            Write(text, "interlace_prompt_tokens_total", "counter", "Tokens of the prompts of whole answers.", _promptTokens);
            Write(text, "interlace_new_tokens_total", "counter", "Tokens of whole answers.", _newTokens);
            Write(text, "interlace_waiting", "gauge", "Conversations that wait for a place.", _waiting);
            Write(text, "interlace_active", "gauge", "Conversations that are being answered.", _active);
            Write(text, "interlace_first_token_seconds", "From a request's arrival to the first token of its answer.", _firstToken);
            Write(text, "interlace_answer_seconds", "From a request's arrival to the end of its answer.", _answer);
        }
        return text.ToString();
    }

    private void Add(SortedDictionary<string, double> counts, string labels, double more)
    {
        lock (_gate) counts[labels] = counts.GetValueOrDefault(labels) + more;
    }

    /// <summary>A histogram is its counts up to each bound, the count of all, and their sum.</summary>
    private void Observe(SortedDictionary<string, double[]> histograms, string model, TimeSpan time)
    {
        lock (_gate)
        {
            if (!histograms.TryGetValue(OfModel(model), out double[]? counts))
                histograms[OfModel(model)] = counts = new double[Bounds.Length + 2];
            for (int i = 0; i < Bounds.Length; i++) if (time.TotalSeconds <= Bounds[i]) counts[i]++;
            counts[^2]++;
            counts[^1] += time.TotalSeconds;
        }
    }

    private static void Write(StringBuilder text, string name, string type, string help, SortedDictionary<string, double> values)
    {
        Head(text, name, type, help);
        foreach (var (labels, value) in values) Line(text, name, labels, value);
    }

    private static void Write(StringBuilder text, string name, string help, SortedDictionary<string, double[]> histograms)
    {
        Head(text, name, "histogram", help);
        foreach (var (labels, counts) in histograms)
        {
            for (int i = 0; i < Bounds.Length; i++) Line(text, $"{name}_bucket", $"{labels},le=\"{Number(Bounds[i])}\"", counts[i]);
            Line(text, $"{name}_bucket", $"{labels},le=\"+Inf\"", counts[^2]);
            Line(text, $"{name}_sum", labels, counts[^1]);
            Line(text, $"{name}_count", labels, counts[^2]);
        }
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Line(StringBuilder text, string name, string labels, double value) =>
        text.Append(name).Append('{').Append(labels).Append("} ").Append(Number(value)).Append('\n');

    private static string OfModel(string model) =>
        $"model=\"{model.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
