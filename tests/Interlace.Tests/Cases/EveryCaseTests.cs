namespace Interlace.Tests.Cases;

/// <summary>
/// Small inputs on which the program was wrong once: each folder has a test class of its name, whatever folders there are.
/// </summary>
public class EveryCaseTests
{
    public static TheoryData<string> Folders =>
        !Directory.Exists(Shared.At("cases"))
        ? [] : [.. Directory.EnumerateDirectories(Shared.At("cases")).Select(folder => Path.GetFileName(folder))
        .Order(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Folders))]
    public void A_folder_of_cases_has_a_class_of_tests(string folder)
    {
        string name = string.Concat(folder.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..])) + "Tests";
        Type? type = typeof(EveryCaseTests).Assembly.GetType($"{typeof(EveryCaseTests).Namespace}.{name}");
        Assert.True(type is not null, $"there is no class {name} for cases/{folder}");
        Assert.Contains(type.GetMethods(), method => method.IsDefined(typeof(FactAttribute), inherit: true));
    }
}
