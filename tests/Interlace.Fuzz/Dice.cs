using CsCheck;

namespace Interlace.Fuzz;

/// <summary>All chance of one input, from its seed.</summary>
/// <param name="seed">The same seed gives the same input.</param>
internal sealed class Dice(ulong seed)
{
    private static readonly Gen<string> Texts = Gen.OneOf(Gen.String, Gen.String[Gen.Char["<|>image_pad\\\"'\0\n\t\u001b[]{}%/.:"], 0, 40]);

    private readonly PCG _source = new(1, seed);

    /// <summary>A number from 0 up to, and without, a bound.</summary>
    public int Below(int bound) => bound <= 1 ? 0 : (int)_source.Next((uint)bound);

    /// <summary>True once in so many throws.</summary>
    public bool OneIn(int throws) => Below(throws) == 0;

    public T Of<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    public byte Byte() => (byte)Below(256);

    /// <summary>A text that readers are not used to.</summary>
    public string Text() => Texts.Generate(_source, null, out _);

    /// <summary>A number that readers are not used to, as it would be written: some are no JSON.</summary>
    public string Number() => Below(4) switch
    {
        0 => Of(Extremes),
        1 => Gen.Long.Generate(_source, null, out _).ToString(System.Globalization.CultureInfo.InvariantCulture),
        2 => Gen.Double.Generate(_source, null, out _).ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        _ => (Below(2000) - 1000).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static readonly string[] Extremes =
    [
        "0", "-0", "-1", "1", "2", "255", "65536", "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "18446744073709551616",
        "1e19", "1e308", "1e999", "-1e999", "5e-324", "1e-999", "0.1", "0.9999999", "1.0000001", "NaN", "Infinity", "-Infinity", "01", "+1",
            ".5", "1.", "0x10", "1_000", "100000000000000000000000000000000000000",
    ];
}
