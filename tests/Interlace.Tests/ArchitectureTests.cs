using System.CodeDom.Compiler;
using System.Reflection;
using System.Reflection.Emit;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interlace.Calibration;
using Interlace.Cli;
using Interlace.Experiments;
using Interlace.Pruning;
using Interlace.Server;
using Interlace.Training;
using Interlace.Vlm;
using Interlace.Vlm.Checkpoints;
using Interlace.Vlm.Engine;
using Interlace.Vlm.Families;
using TorchSharp;

namespace Interlace.Tests;

/// <summary>Dependencies go one way, read from the compiled code.</summary>
public class ArchitectureTests
{
    /// <summary>The rooms of the paper's code: each uses only those before it.</summary>
    private static readonly string[] Rooms =
    [
        "Outputs", "Experiments", "Ranks", "Jobs", "Data", "Artefacts", "Importing", "Samples",
        "Calibration", "Pruning", "Exporting", "Training", "Evaluation", "Reporting", "Runs",
    ];

    /// <summary>The rooms of evaluation; what lies in none of them puts them together.</summary>
    private static readonly string[] EvaluationRooms =
        ["Python", "Tables", "Rules", "Asking", "Judges", "Scoring", "Likelihoods", "Comparing", "Latency", ""];

    private static readonly OpCode[] OpCodes = [.. typeof(OpCodes).GetFields().Select(field => (OpCode)field.GetValue(null)!)];

    [Fact]
    public void Each_room_uses_only_the_rooms_before_it()
    {
        Type[] types = [.. typeof(Experiment).Assembly.GetTypes().Where(type => IsWritten(Outermost(type)))];
        Assert.Equal(Rooms.Order(), types.Select(Room).Distinct().Order());
        Assert.Empty(Backwards(Rooms, Room));
        // The reading itself works: one use in a signature, one in code alone.
        Assert.Contains((typeof(PlanStage), typeof(LayerSimilarity)), Uses(typeof(Experiment).Assembly));
        Assert.Contains((typeof(FineTuneStage), typeof(PlanFile)), Uses(typeof(Experiment).Assembly));
    }

    [Fact]
    public void Each_room_of_evaluation_uses_only_the_rooms_before_it()
    {
        Type[] types = [.. typeof(Experiment).Assembly.GetTypes().Where(type => IsWritten(Outermost(type)) && Room(type) == "Evaluation")];
        Assert.Equal(EvaluationRooms.Order(), types.Select(EvaluationRoom).Distinct().Order());
        Assert.Empty(Backwards(EvaluationRooms, EvaluationRoom));
    }

    [Fact]
    public void Model_families_are_known_to_the_table_of_families_alone()
    {
        const string room = "Interlace.Vlm.Families";
        bool IsShared(Type type) => type.Namespace == room;
        bool IsOfOne(Type type) => type.Namespace?.StartsWith(room + ".", StringComparison.Ordinal) == true;
        Type[] families = [.. typeof(FamilyTable).Assembly.GetTypes().Where(type => IsShared(type) || IsOfOne(type))];
        Assert.Contains(families, IsOfOne);
        Assert.All(families, type => Assert.False(type.IsVisible, $"{type} is public"));
        var wrong = from use in Uses(typeof(FamilyTable).Assembly)
                    where IsOfOne(use.Used) && !IsOfOne(use.User) && Outermost(use.User) != typeof(FamilyTable)
                    select $"{use.User.FullName} uses {use.Used.FullName}";
        Assert.Empty(wrong.Distinct());
    }

    /// <summary>
    /// Names of families in code, comments left out. Facts are named after their source: the prompts and the sampling of one published
    /// evaluation, the form of data that began with one model, and the models whose published scores are embedded. Three programs that run
    /// exported files are called after a family.
    /// </summary>
    [Fact]
    public void No_code_outside_the_room_of_families_names_one()
    {
        string[] facts = ["\"qwen3vl\"", "\"qwen\"", "qwen:", "Qwen3-VL-{size}", "or qwen", "sampling qwen", "\"llava\"", "LLaVA's JSON",
            "llama.cpp", "Ollama", "LLamaSharp"];
        var name = new Regex("qwen|llava|internvl|gemma|smolvlm|llama", RegexOptions.IgnoreCase);
        var named = (from file in Directory.EnumerateFiles(Path.Combine(Shared.Repository, "src"), "*.cs", SearchOption.AllDirectories)
                     where !file.Contains("/obj/", StringComparison.Ordinal)
                     from line in File.ReadLines(file)
                     let code = WithoutExamples(line.Split("//")[0])
                     where name.IsMatch(facts.Aggregate(code, (rest, fact) => rest.Replace(fact, "", StringComparison.Ordinal)))
                     let text = $"{Path.GetFileName(file)}: {line.Trim()}"
                     select (InRoom: file.Contains("/Families/", StringComparison.Ordinal), Text: text))
            .ToArray();
        Assert.Empty(named.Where(use => !use.InRoom).Select(use => use.Text));
        Assert.Contains(named, use => use.InRoom);   // the reading itself works

        // Lines of help that show a command.
        static string WithoutExamples(string code) => Regex.Replace(code, "\"interlace [^\n]*", "");
    }

    [Fact]
    public void Libraries_know_nothing_of_what_is_built_on_them()
    {
        string[] References(Assembly assembly) => [.. assembly.GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => name.StartsWith("Interlace", StringComparison.Ordinal))];
        Assert.Empty(References(typeof(VisionLanguageModel).Assembly));
        Assert.Equal(["Interlace.Vlm"], References(typeof(Experiment).Assembly));
        Assert.Equal(["Interlace", "Interlace.Vlm"], References(typeof(ChatServer).Assembly).Order());
        Assert.DoesNotContain("System.Console", typeof(ChatServer).Assembly.GetReferencedAssemblies().Select(name => name.Name));
        // What listens is known to the server alone: no other command loads it.
        Assert.DoesNotContain(new[] { typeof(Experiment).Assembly, typeof(VisionLanguageModel).Assembly, typeof(CommandLine).Assembly }
            .SelectMany(assembly => assembly.GetReferencedAssemblies()),
            name => name.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Assert.DoesNotContain("System.Console", new[] { typeof(Experiment).Assembly, typeof(VisionLanguageModel).Assembly }
            .SelectMany(assembly => assembly.GetReferencedAssemblies()).Select(name => name.Name));
        Assert.Contains("System.Console", typeof(CommandLine).Assembly.GetReferencedAssemblies().Select(name => name.Name));
    }

    [Fact]
    public void Numbers_reach_the_engine_through_one_file_that_keeps_their_wrappers_alive()
    {
        Dictionary<MethodBase, MethodBase[]> engine = Methods(typeof(torch).Assembly)
            .ToDictionary(method => method, method => Called(method).ToArray());
        bool Wraps(MethodBase method) => method.DeclaringType == typeof(Scalar) && method.Name == "op_Implicit"
            || method.DeclaringType == typeof(ScalarExtensionMethods);
        HashSet<MethodBase> unsafeMethods = [.. engine.Keys.Where(Wraps)];
        while (engine.Where(method => !unsafeMethods.Contains(method.Key) && method.Value.Any(unsafeMethods.Contains))
            .Select(method => method.Key).ToArray() is { Length: > 0 } more) unsafeMethods.UnionWith(more);
        Assembly[] own = [typeof(Arithmetic).Assembly, typeof(Experiment).Assembly, typeof(CommandLine).Assembly,
            typeof(Interlace.DemoModel.ModelFolder).Assembly, typeof(ArchitectureTests).Assembly];
        var uses = from assembly in own
                   from method in Methods(assembly)
                   from called in Called(method).Where(unsafeMethods.Contains)
                   let text = $"{method.DeclaringType}.{method.Name} calls {called.DeclaringType!.Name}.{called.Name}"
                   select (User: Outermost(method.DeclaringType!), Called: called, Text: text);
        // That file makes wrappers, but it too leaves alone what makes hidden ones.
        Assert.Empty(uses.Where(use => use.User != typeof(Arithmetic) || !Wraps(use.Called)).Select(use => use.Text));
        Assert.Contains(uses, use => use.User == typeof(Arithmetic));   // the reading itself works
    }

    [Fact]
    public void Json_becomes_values_in_one_strict_place()
    {
        bool Reads(MethodBase method) =>
            method.Name is "Parse" or "ParseAsync" or "ParseValue" or "TryParseValue" && method.DeclaringType is { } type
            && (type == typeof(JsonNode) || type == typeof(JsonDocument) || type == typeof(JsonElement))
            || method.DeclaringType == typeof(JsonSerializer) && method.Name.StartsWith("Deserialize", StringComparison.Ordinal);
        var uses = from assembly in new[] { typeof(StrictJson).Assembly, typeof(Experiment).Assembly, typeof(ChatServer).Assembly,
                       typeof(CommandLine).Assembly }
                   from method in Methods(assembly)
                   from called in Called(method).Where(Reads)
                   where !method.DeclaringType!.GetCustomAttributes<GeneratedCodeAttribute>().Any() && !IsNodeOrPart(called)
                   select (User: Outermost(method.DeclaringType!),
                       Text: $"{method.DeclaringType}.{method.Name} calls {called.DeclaringType!.Name}.{called.Name}");
        Assert.Empty(uses.Where(use => use.User != typeof(StrictJson)).Select(use => use.Text));
        Assert.Contains(uses, use => use.User == typeof(StrictJson));   // the reading itself works

        // What is read already: a node, or the part of a text at which a strict reader stands.
        static bool IsNodeOrPart(MethodBase called) =>
            called.GetParameters()[0].ParameterType is { } first
            && (first == typeof(JsonNode) || first == typeof(JsonElement) || first.IsByRef
            && first.GetElementType() == typeof(Utf8JsonReader));
    }

    [Fact]
    public void Tests_that_read_golden_material_carry_its_trait_and_no_others_do()
    {
        MethodInfo[] tests = [.. typeof(ArchitectureTests).Assembly.GetTypes().SelectMany(type => type.GetMethods(Declared))
            .Where(method => method.IsDefined(typeof(FactAttribute), inherit: true))];
        // Small inputs of single faults (cases) are read by the classes of one namespace;
        // Shared lets a test without the trait read nothing else.
        foreach (var test in tests.Where(test => test.DeclaringType!.Namespace != "Interlace.Tests.Cases"))
            Assert.True(IsGolden(test) == ReadsShared(test),
                $"{test.DeclaringType}.{test.Name} {(IsGolden(test) ? "reads no golden material" : "reads golden material")}");
        Assert.Contains(tests, IsGolden);   // the reading itself works
        Assert.Contains(tests, test => !IsGolden(test));
    }

    private static bool IsGolden(MethodInfo test) =>
        test.GetCustomAttributes<TraitAttribute>().Concat(test.DeclaringType!.GetCustomAttributes<TraitAttribute>())
            .Any(trait => (trait.Name, trait.Value) == ("Category", "Golden"));

    /// <summary>Whether a test, its class's constructor or the source of its data leads to a path below the shared folder.</summary>
    private static bool ReadsShared(MethodInfo test)
    {
        Type type = test.DeclaringType!;
        string?[] sources = [.. test.GetCustomAttributes<MemberDataAttribute>().Select(data => data.MemberName)];
        var pending = new Stack<MethodBase>([test, .. type.GetConstructors(Declared).Where(constructor => !constructor.IsStatic),
            .. Methods(type).Where(method => sources.Contains(method.Name) || sources.Any(name => method.Name == "get_" + name))]);
        var seen = new HashSet<MethodBase>();
        while (pending.TryPop(out var method))
        {
            if (!seen.Add(method) || method.DeclaringType?.Assembly != type.Assembly) continue;
            if (method.DeclaringType == typeof(Shared) && method.Name != "get_Repository") return true;
            foreach (var called in Called(method))
            {
                pending.Push(called);
                // An iterator's code is in the class that its method makes.
                if (called.IsConstructor
                    && called.DeclaringType!.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute)))
                    foreach (var part in Methods(called.DeclaringType!)) pending.Push(part);
            }
        }
        return false;
    }

    /// <summary>The uses of a room by one before it.</summary>
    private static IEnumerable<string> Backwards(string[] order, Func<Type, string?> room) =>
        (from use in Uses(typeof(Experiment).Assembly)
         let user = Array.IndexOf(order, room(use.User))
         let used = Array.IndexOf(order, room(use.Used))
         where user >= 0 && used > user
         select $"{use.User.FullName} uses {use.Used.FullName}").Distinct();

    /// <summary>The folder below the project, which is the namespace below the project's; empty for its own.</summary>
    private static string? Room(Type type) => type.Namespace?.Split('.') is ["Interlace", .. var inner] ? inner.FirstOrDefault("") : null;

    private static string? EvaluationRoom(Type type) =>
        type.Namespace?.Split('.') is ["Interlace", "Evaluation", .. var inner] ? inner.FirstOrDefault("") : null;

    /// <summary>Whether a person wrote a type, and not the compiler.</summary>
    private static bool IsWritten(Type type) =>
        type.Namespace?.StartsWith("Interlace", StringComparison.Ordinal) == true
        && !type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute));

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    /// <summary>Every type and the types that its members and their code name.</summary>
    private static IEnumerable<(Type User, Type Used)> Uses(Assembly assembly)
    {
        foreach (Type type in assembly.GetTypes())
        {
            var used = new List<Type?> { type.BaseType };
            used.AddRange(type.GetInterfaces());
            used.AddRange(type.GetFields(Declared).Select(field => field.FieldType));
            foreach (var method in Methods(type))
            {
                used.AddRange(method.GetParameters().Select(parameter => parameter.ParameterType));
                if (method is MethodInfo info) used.Add(info.ReturnType);
                if (method.GetMethodBody() is { } body) used.AddRange(body.LocalVariables.Select(local => local.LocalType));
                used.AddRange(Named(method).Select(member => member as Type ?? member.DeclaringType));
            }
            foreach (Type found in used.OfType<Type>().SelectMany(Parts).Distinct())
                if (found.Assembly == assembly && found != type) yield return (type, found);
        }
    }

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
            : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition()) : [type];

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    private static IEnumerable<MethodBase> Methods(Assembly assembly) => assembly.GetTypes().SelectMany(Methods);

    private static IEnumerable<MethodBase> Methods(Type type) =>
        type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared));

    private static IEnumerable<MethodBase> Called(MethodBase method) => Named(method).OfType<MethodBase>()
        .Select(called => called is MethodInfo { IsGenericMethod: true } info ? info.GetGenericMethodDefinition() : called);

    /// <summary>The types, fields and methods that a method's code names.</summary>
    private static IEnumerable<MemberInfo> Named(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code) yield break;
        Type[] ofType = method.DeclaringType!.GetGenericArguments(), ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (int at = 0; at < code.Length;)
        {
            short value = code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at];
            OpCode operation = OpCodes.First(candidate => candidate.Value == value);
            at += operation.Size;
            if (operation.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType
                or OperandType.InlineTok)
            {
                yield return method.Module.ResolveMember(BitConverter.ToInt32(code, at), ofType, ofMethod)!;
            }
            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }
}
