using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Interlace.Vlm;

namespace Interlace.Tests;

public class PythonRandomTests
{
    [Fact, Trait("Category", "Golden")]
    public void Samples_are_those_of_CPython()
    {
        JsonArray cases = Shared.Json("fixtures", "authors", "python-sample.json")["cases"]!.AsArray();
        Assert.NotEmpty(cases);
        Assert.All(cases, one =>
        {
            int[] drawn = new PythonRandom(Number(one!, "seed")).Sample((int)Number(one!, "population"), (int)Number(one!, "count"));
            int[] first = Numbers(one!, "first"), last = Numbers(one!, "last");
            Assert.Equal(first, drawn[..first.Length]);
            Assert.Equal(last, drawn[^last.Length..]);
            Assert.Equal((string?)one!["sha256_of_comma_joined"],
                Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join(',', drawn)))));
        });
    }

    /// <summary>As CPython answers <c>random.seed(seed); random.getrandbits(32); random.getrandbits(32)</c>.</summary>
    [Theory]
    [InlineData(0, 3626764237u, 1654615998u)]
    [InlineData(1, 577090037u, 2444712010u)]
    [InlineData(-1, 577090037u, 2444712010u)]
    [InlineData(42, 2746317213u, 478163327u)]
    [InlineData(1L << 40, 445128065u, 1517081360u)]
    [InlineData(long.MinValue, 2377109768u, 1691753470u)]
    public void First_numbers_of_a_seed(long seed, uint first, uint second)
    {
        var random = new PythonRandom(seed);
        Assert.Equal((first, second), (random.Next(), random.Next()));
    }

    /// <summary>On both sides of the populations up to which CPython draws from a list, with seeds for which a set gives others.</summary>
    [Theory]
    [InlineData(2, 21, "1, 2, 19, 11, 5")]
    [InlineData(2, 22, "1, 2, 11, 5, 21")]
    [InlineData(5, 85, "79, 32, 45, 67, 3, 59")]
    [InlineData(2, 86, "7, 11, 10, 46, 21, 85")]
    public void Small_populations_are_drawn_from_a_list_and_large_ones_from_a_set(int seed, int population, string expected)
    {
        int count = expected.Split(',').Length;
        Assert.Equal(expected, string.Join(", ", new PythonRandom(seed).Sample(population, count)));
    }

    [Fact]
    public void All_or_nothing_can_be_drawn()
    {
        Assert.Equal(Enumerable.Range(0, 7), new PythonRandom(3).Sample(7, 7).Order());
        Assert.Empty(new PythonRandom(3).Sample(7, 0));
    }

    [Fact]
    public void Shuffle_is_that_of_CPython()
    {
        int[] items = [.. Enumerable.Range(0, 10)];
        new PythonRandom(42).Shuffle(items.AsSpan());
        Assert.Equal([7, 3, 2, 8, 5, 6, 9, 4, 0, 1], items);
    }

    [Fact]
    public void More_than_there_are_cannot_be_drawn() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PythonRandom(0).Sample(3, 4));

    private static long Number(JsonNode one, string name) => (long)one[name]!;

    private static int[] Numbers(JsonNode one, string name) => [.. one[name]!.AsArray().Select(number => (int)number!)];
}
