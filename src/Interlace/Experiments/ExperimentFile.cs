using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Interlace.Outputs;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Files;
using Interlace.Vlm.Hub;

namespace Interlace.Experiments;

/// <summary>
/// An <see cref="Experiment"/> as strict JSON: names in snake_case, unknown members, duplicates,
/// nulls and values out of range refused with the path of what is wrong.
/// </summary>
public static class ExperimentFile
{
    private const string OwnVariables = "INTERLACE_";

    /// <summary>
    /// Reads a file. Relative paths in it start at its folder. It may come from anybody,
    /// so it may send the key of no other program's variable to the judge that it names.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">The recipe below it; the one that it names where absent.</param>
    /// <param name="log">Told where the file sets something otherwise than the authors' recipe.</param>
    /// <exception cref="InputException">It is absent or wrong.</exception>
    public static Experiment Load(string path, string? recipe = null, Action<string>? log = null)
    {
        UserFile.Check(path, $"There is no experiment file {path}.");
        var experiment = Parse(Encoding.UTF8.GetString(StrictJson.Bytes(path)), path, recipe, log);
        if (experiment.Evaluate is { } judged && !judged.JudgeKey.StartsWith(OwnVariables, StringComparison.Ordinal))
        {
            throw new InputException($"{path}: evaluate.judge_key may name only variables that begin with {OwnVariables} in a file; "
                + "take it out and name another with --set evaluate.judge_key=NAME.");
        }
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string Full(string inner) => Path.GetFullPath(inner, folder);
        return WithPaths(experiment, Full, model => OnHub(model, folder) ? model : Full(model));
    }

    /// <summary>Whether a model is named as the hub's, and nothing of the name lies beside the file.</summary>
    private static bool OnHub(string model, string folder) => HubRepository.Find(model, HubKind.Model) is { } repository
        && UserFile.KindOf(Path.GetFullPath(repository.Organisation, folder)) == PathKind.Missing;

    /// <summary>The experiment with its paths spelled otherwise; what begins with <c>hf://</c> is none.</summary>
    private static Experiment WithPaths(Experiment experiment, Func<string, string> spellLocal, Func<string, string>? spellModel = null)
    {
        string Spell(string path) => HubRepository.HasPrefix(path) ? path : spellLocal(path);
        string? Full(string? path) => path is null ? null : Spell(path);
        string? Model(string? path) => path is null || HubRepository.HasPrefix(path) ? path : (spellModel ?? spellLocal)(path);
        string[]? Each(string[]? paths) => paths is null ? null : [.. paths.Select(Spell)];
        return experiment with
        {
            Model = Model(experiment.Model),
            Data = experiment.Data is { } data
                ? data with { Path = data.Path is null ? null : DataPath.Spell(data.Path, Spell), Images = Full(data.Images) } : null,
            Calibrate = experiment.Calibrate is { } calibrate
                ? calibrate with { Data = calibrate.Data is null ? null : DataPath.Spell(calibrate.Data, Spell) } : null,
            Finetune = experiment.Finetune is { } finetune ? finetune with { Parent = Model(finetune.Parent) } : null,
            Evaluate = experiment.Evaluate is { } evaluate
            ? evaluate with
            {
                Benchmarks = Full(evaluate.Benchmarks), JudgeReplies = Full(evaluate.JudgeReplies),
                Texts = Each(evaluate.Texts), Choices = Each(evaluate.Choices),
            } : null,
        };
    }

    /// <summary>Reads a text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <param name="recipe">The recipe below it; the one that it names where absent.</param>
    /// <param name="log">Told where the text sets something otherwise than the authors' recipe.</param>
    /// <exception cref="InputException">It is no experiment.</exception>
    public static Experiment Parse(string json, string source, string? recipe = null, Action<string>? log = null)
    {
        JsonNode? tree;
        try
        {
            tree = StrictJson.Parse(json);
        }
        catch (JsonException e)
        {
            throw new InputException($"{source} is no valid JSON: {e.Message}", e);
        }
        if (tree is not JsonObject members) throw new InputException($"{source} holds no JSON object.");
        CheckMembers(members, ExperimentJson.Default.Experiment, $"{source}: ", "");
        recipe = Recipe.Check(recipe ?? (string?)members["recipe"] ?? Recipe.Paper, $"{source}: ");
        foreach (string deviation in Recipe.Deviations(members, recipe))
            log?.Invoke($"{source} goes before the recipe {recipe}: {deviation}.");
        var experiment = Recipe.Under(members, recipe).Deserialize(ExperimentJson.Default.Experiment)!;
        ExperimentRules.Check(Tree(experiment), $"{source}: ");
        return experiment;
    }

    /// <summary>The experiment with every section spelled out, indented; values that are not set are left out.</summary>
    public static string ToJson(Experiment experiment) =>
        JsonSerializer.Serialize(experiment.Complete(), ExperimentJson.Readable.Experiment) + "\n";

    /// <summary>
    /// SHA-256 in lower-case hexadecimal of the complete experiment without white space: equal settings,
    /// however they and the paths in them were given, have equal hashes.
    /// </summary>
    public static string SettingsHash(Experiment experiment) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Known(WithPaths(experiment, RealPath.Of)))));

    /// <summary>Options that came later are left out where they have their default, so that earlier runs go on.</summary>
    private static string Known(Experiment experiment)
    {
        var complete = experiment.Complete();
        if (complete.Prune == new PruneOptions()) complete = complete with { Prune = null };
        return JsonSerializer.Serialize(complete, ExperimentJson.Known);
    }

    /// <summary>The experiment with one value changed.</summary>
    /// <param name="experiment">Stays as it is.</param>
    /// <param name="assignment">Such as <c>finetune.learning_rate=2e-5</c>.</param>
    /// <exception cref="InputException">There is no such value, or the text is none of its kind.</exception>
    public static Experiment Set(Experiment experiment, string assignment) =>
        assignment.IndexOf('=', StringComparison.Ordinal) is > 0 and int at
        ? Set(experiment, assignment[..at], assignment[(at + 1)..])
        : throw new InputException($"'{assignment}' sets nothing: write it as finetune.learning_rate=2e-5.");

    /// <summary>The experiment with one value changed.</summary>
    /// <param name="experiment">Stays as it is.</param>
    /// <param name="path">Such as <c>finetune.learning_rate</c>.</param>
    /// <param name="value">The value as text; lists are separated by commas; <c>null</c> unsets what may be unset.</param>
    /// <param name="shownAs">What messages call it: an option's name; the path where absent.</param>
    /// <exception cref="InputException">There is no such value, or the text is none of its kind.</exception>
    public static Experiment Set(Experiment experiment, string path, string value, string? shownAs = null)
    {
        if (path == "recipe")
            throw new InputException("A recipe is a set of defaults and lies below everything else: choose it with --recipe, "
                + "or name it in the experiment file.");
        var tree = Tree(experiment);
        var (parent, property) = Find(tree, path);
        if (value == "null" && property.IsSetNullable) parent.Remove(property.Name);
        else parent[property.Name] = FromText(property, value)
            ?? throw new InputException($"{shownAs ?? path} is '{value}', expected {Expected(property.PropertyType)}.");
        ExperimentRules.Check(tree, "", path, shownAs);
        return tree.Deserialize(ExperimentJson.Default.Experiment)!;
    }

    /// <summary>The values that a place of the experiment may have, where they are a few texts; else none.</summary>
    /// <param name="path">The place, such as <c>plan.selection</c>.</param>
    public static IReadOnlyList<string> Choices(string path) => ExperimentRules.ChoicesOf(path);

    /// <summary>The default of a value as text, or null where it has none.</summary>
    /// <exception cref="InputException">There is no such value.</exception>
    public static string? Default(string path)
    {
        var (parent, property) = Find(Tree(new()), path);
        return parent[property.Name]?.ToString();
    }

    private static JsonObject Tree(Experiment experiment) =>
        (JsonObject)JsonSerializer.SerializeToNode(experiment.Complete(), ExperimentJson.Default.Experiment)!;

    /// <summary>The value's place. In a dictionary of sections, the section of a new name is made.</summary>
    private static (JsonObject Parent, JsonPropertyInfo Property) Find(JsonObject tree, string path)
    {
        string[] names = path.Split('.');
        JsonTypeInfo type = ExperimentJson.Default.Experiment;
        for (int i = 0; ; i++)
        {
            var property = Member(type, names[i])
                ?? throw new InputException($"There is no value {path} in an experiment: {Section(names[..i])} has {Names(type)}.");
            var inner = Inner(property);
            if (inner is { Kind: JsonTypeInfoKind.Dictionary })
            {
                if (names.Length < i + 3)
                {
                    throw new InputException($"{path} is a section of an experiment: set one value of one of its entries, "
                        + $"as {string.Join('.', names[..(i + 1)])}.NAME.{Names(Element(inner)).Split(", ")[0]}.");
                }
                tree = Open(Open(tree, property.Name), names[++i]);
                type = Element(inner);
            }
            else if (inner is { Kind: JsonTypeInfoKind.Enumerable } && Element(inner).Kind == JsonTypeInfoKind.Object)
                throw new InputException($"{string.Join('.', names[..(i + 1)])} is a list of lines: set it in an experiment file.");
            else if (i == names.Length - 1)
                return inner is { Kind: JsonTypeInfoKind.Object }
                    ? throw new InputException($"{path} is a section of an experiment: set one of its values {Names(inner)}.")
                    : (tree, property);
            else if (inner is { Kind: JsonTypeInfoKind.Object })
                (tree, type) = ((JsonObject)tree[property.Name]!, inner);
            else throw new InputException($"There is no value {path} in an experiment: {string.Join('.', names[..(i + 1)])} has no parts.");
        }
    }

    private static JsonObject Open(JsonObject tree, string name)
    {
        if (tree[name] is not JsonObject inner) tree[name] = inner = [];
        return inner;
    }

    private static void CheckMembers(JsonObject members, JsonTypeInfo type, string source, string prefix)
    {
        foreach (var (name, value) in members)
        {
            var property = Member(type, name)
                ?? throw new InputException($"{source}{prefix}{name} is unknown: "
                    + $"{Section(prefix.Split('.', StringSplitOptions.RemoveEmptyEntries))} has {Names(type)}.");
            if (value is null) throw new InputException($"{source}{prefix}{name} is null: leave it out to have its default.");
            if (value is JsonValue text && text.TryGetValue(out string? given) && (given.Length == 0 || given.Contains('\0')))
                throw new InputException($"{source}{prefix}{name} is {value.ToJsonString()}, expected {Expected(property.PropertyType)}.");
            if (Inner(property) is { Kind: JsonTypeInfoKind.Object } inner)
                CheckMembers(Object(value, source, prefix + name), inner, source, $"{prefix}{name}.");
            else if (Inner(property) is { Kind: JsonTypeInfoKind.Dictionary } entries)
                foreach (var (key, entry) in Object(value, source, prefix + name))
                    CheckMembers(Object(entry, source, $"{prefix}{name}.{key}"), Element(entries), source, $"{prefix}{name}.{key}.");
            else if (Inner(property) is { Kind: JsonTypeInfoKind.Enumerable } list
                && Element(list) is { Kind: JsonTypeInfoKind.Object } element)
                foreach (var (i, entry) in List(value, source, prefix + name).Index())
                    CheckMembers(Object(entry, source, $"{prefix}{name}.{i}"), element, source, $"{prefix}{name}.{i}.");
            else if (!Fits(value, property.PropertyType))
                throw new InputException($"{source}{prefix}{name} is {value.ToJsonString()}, expected {Expected(property.PropertyType)}.");
        }
    }

    private static JsonObject Object(JsonNode? value, string source, string path) =>
        value as JsonObject ?? throw new InputException($"{source}{path} is {value?.ToJsonString() ?? "null"}, expected an object.");

    private static JsonArray List(JsonNode? value, string source, string path) =>
        value as JsonArray ?? throw new InputException($"{source}{path} is {value?.ToJsonString() ?? "null"}, expected a list.");

    private static JsonTypeInfo Element(JsonTypeInfo dictionary) => ExperimentJson.Default.GetTypeInfo(dictionary.ElementType!)!;

    private static JsonPropertyInfo? Member(JsonTypeInfo type, string name) =>
        type.Properties.FirstOrDefault(property => property.Name == name);

    private static JsonTypeInfo? Inner(JsonPropertyInfo property) => ExperimentJson.Default.GetTypeInfo(property.PropertyType);

    private static string Section(string[] names) => names.Length == 0 ? "an experiment" : $"its section {string.Join('.', names)}";

    private static string Names(JsonTypeInfo type) => string.Join(", ", type.Properties.Select(property => property.Name));

    private static bool Fits(JsonNode value, Type type) => Plain(type) switch
    {
        var plain when plain == typeof(int) => value.GetValueKind() == JsonValueKind.Number && value.AsValue().TryGetValue(out int _),
        var plain when plain == typeof(double) => value.GetValueKind() == JsonValueKind.Number
            && value.AsValue().TryGetValue(out double number) && double.IsFinite(number),
        var plain when plain == typeof(bool) => value.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
        var plain when plain == typeof(string) => value.GetValueKind() == JsonValueKind.String,
        _ => value is JsonArray list && list.All(item => item?.GetValueKind() == JsonValueKind.String),
    };

    private static JsonNode? FromText(JsonPropertyInfo property, string text) => Plain(property.PropertyType) switch
    {
        var plain when plain == typeof(int) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null,
        var plain when plain == typeof(double) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number : null,
        var plain when plain == typeof(bool) => bool.TryParse(text, out bool truth) ? truth : null,
        var plain when plain == typeof(string) => text.Length > 0 ? text : null,
        _ =>
            text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } items
                ? new JsonArray([.. items.Select(item => (JsonNode)item)])
                : null,
    };

    private static string Expected(Type type) => Plain(type) switch
    {
        var plain when plain == typeof(int) => "a whole number",
        var plain when plain == typeof(double) => "a number",
        var plain when plain == typeof(bool) => "true or false",
        var plain when plain == typeof(string) => "a text",
        _ => "a list of texts",
    };

    private static Type Plain(Type type) => Nullable.GetUnderlyingType(type) ?? type;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Experiment))]
internal sealed partial class ExperimentJson : JsonSerializerContext
{
    /// <summary>For hashes: without what came later and has its default.</summary>
    public static JsonTypeInfo<Experiment> Known =>
        field ??= (JsonTypeInfo<Experiment>)new JsonSerializerOptions(Default.Options)
        {
            TypeInfoResolver = Default.WithAddedModifier(LaterOptionAttribute.LeaveOutDefaults),
        }.GetTypeInfo(typeof(Experiment));

    /// <summary>For files: indented, characters as they are.</summary>
    public static ExperimentJson Readable =>
        field ??= new(new JsonSerializerOptions(Default.Options) { WriteIndented = true, NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = null });
}
