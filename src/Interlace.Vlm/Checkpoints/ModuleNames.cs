using System.Buffers;
using System.Globalization;
using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Interlace.Vlm.Checkpoints;

/// <summary>
/// Names and patterns of modules in a configuration, such as the layers that a quantisation left out,
/// for a model that keeps part of its decoder layers. Programs read such a text in different ways (as a whole name,
/// its beginning, its end, a part of it, an expression): a text is carried over only where every one of these ways finds the same modules
/// in the new model as in the old one.
/// </summary>
internal sealed partial class ModuleNames
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>What programs that load the same weights call the decoder's layers.</summary>
    private static readonly string[] Prefixes = ["model.language_model.layers.", "language_model.model.layers.", "language_model.layers.",
        "model.layers.", "model.text_model.layers."];

    private static readonly SearchValues<char> Signs = SearchValues.Create(@"\*?[](){}|^$+");

    private readonly string _source;
    private readonly int _layerCount;
    private readonly Dictionary<int, int> _newIndex;
    private readonly Module[] _modules;

    /// <param name="source">The file that holds the texts, for messages.</param>
    /// <param name="layout">The decoder layers of the old model.</param>
    /// <param name="tensors">Names of its tensors.</param>
    /// <param name="kept">The layers that stay, ascending.</param>
    public ModuleNames(string source, DecoderLayout layout, IEnumerable<string> tensors, IReadOnlyList<int> kept)
    {
        _source = source;
        _layerCount = layout.LayerCount;
        _newIndex = kept.Index().ToDictionary(layer => layer.Item, layer => layer.Index);
        _modules = [.. tensors.Select(tensor => tensor[..Math.Max(0, tensor.LastIndexOf('.'))]).Distinct(StringComparer.Ordinal)
            .SelectMany(module => NamesOf(module, layout))];
    }

    /// <summary>A module under one of its names. New is null where its layer is dropped.</summary>
    private readonly record struct Module(string Old, string? New, bool InDecoder);

    /// <summary>A JSON file in which every text below a property is that for the new model.</summary>
    /// <exception cref="InputException">Nobody can tell what one of them would have to be.</exception>
    public byte[] Renumber(byte[] file, IReadOnlyList<string> path) => JsonText.RewriteStrings(file, path, Renumber);

    /// <summary>The text for the new model, or null where it names a dropped layer and nothing else.</summary>
    /// <exception cref="InputException">Nobody can tell what it would have to be.</exception>
    public string? Renumber(string text)
    {
        if (!text.Any(char.IsLetter) && !IsExpression(text)) return text;   // a number, say
        if (!IsExpression(text) && LayerNumber().Match(text) is { Success: true } number
            && int.TryParse(number.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && layer < _layerCount)
        {
            var parts = _modules.Where(module => Ways(text).Any(matches => matches(module.Old))).ToArray();
            bool decoder = Prefixes.Any(prefix => text.StartsWith(prefix, StringComparison.Ordinal))
                || parts.Any(module => module.InDecoder);
            if (!_newIndex.TryGetValue(layer, out int index))
            {
                if (decoder && parts.All(module => module.New is null)) return null;
            }
            else if (decoder && number.Groups[1] is var digits
                && $"{text[..digits.Index]}{index}{text[(digits.Index + digits.Length)..]}" is var renumbered
                && FindsTheSame(text, renumbered)) return renumbered;
        }
        return FindsTheSame(text, text) ? text
            : throw new InputException($"{_source} names decoder layers by '{(text.Length > 80 ? text[..80] + "..." : text)}' in its "
                + "quantisation, "
                + "and nobody can tell what that has to be when layers are dropped: prune the model that was quantised instead, "
                + "and quantise the result.");
    }

    private IEnumerable<Module> NamesOf(string module, DecoderLayout layout)
    {
        if (layout.Parse(module + ".") is not var (layer, part)) return [new(module, module, false)];
        int? now = _newIndex.TryGetValue(layer, out int index) ? index : null;
        return Prefixes.Append(layout.Prefix).Distinct(StringComparer.Ordinal)
            .Select(prefix => new Module($"{prefix}{layer}.{part}".TrimEnd('.'), now is null ? null : $"{prefix}{now}.{part}".TrimEnd('.'),
            true));
    }

    private bool FindsTheSame(string old, string now)
    {
        foreach (var (before, after) in Ways(old).Zip(Ways(now)))
            foreach (var module in _modules)
                if (module.New is not null && before(module.Old) != after(module.New)) return false;
        return true;
    }

    /// <summary>The ways in which programs look for a module by a text.</summary>
    private IEnumerable<Func<string, bool>> Ways(string text)
    {
        if (!IsExpression(text))
            return
            [
                name => name == text || name.StartsWith(text + ".", StringComparison.Ordinal),
                name => name.StartsWith(text, StringComparison.Ordinal),
                name => name.EndsWith(text, StringComparison.Ordinal),
                name => name.Contains(text, StringComparison.Ordinal),
            ];
        string expression = Marker().Replace(text, "");
        Func<string, bool> glob = name => FileSystemName.MatchesSimpleExpression(text, name, ignoreCase: false);
        try
        {
            var anywhere = new Regex(expression, RegexOptions.CultureInvariant, Longest);
            var beginning = new Regex($@"\A(?:{expression})", RegexOptions.CultureInvariant, Longest);
            return [glob, name => Try(anywhere, name), name => Try(beginning, name)];
        }
        catch (ArgumentException)
        {
            return [glob];   // no expression: *.mlp.*
        }
    }

    private bool Try(Regex expression, string name)
    {
        try
        {
            return expression.IsMatch(name);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException($"{_source}: the expression '{expression}' in its quantisation does not come to an end.", e);
        }
    }

    private static bool IsExpression(string text) => Marker().IsMatch(text) || text.AsSpan().ContainsAny(Signs);

    /// <summary>How some programs mark an expression: <c>re:</c>, and <c>+:</c> or <c>-:</c> for what it means.</summary>
    [GeneratedRegex("^(re|[+-]):")]
    private static partial Regex Marker();

    [GeneratedRegex(@"(?:^|\.)layers\.([0-9]+)(?=\.|$)")]
    private static partial Regex LayerNumber();
}
