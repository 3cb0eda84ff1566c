using System.Security.Cryptography;
using System.Text;
using Interlace.Reporting;
using Microsoft.AspNetCore.Http;

namespace Interlace.Server;

/// <summary>
/// The page that compares models: one file, with its style and its script in it and nothing from elsewhere. The browser is told the hashes
/// of the two, and runs nothing else.
/// </summary>
internal static class Page
{
    private const string StylePlace = "/*style*/", ScriptPlace = "/*script*/";
    private static readonly string Style = Colours() + Resource("page.css"), Script = Resource("page.js");

    /// <summary>The whole file.</summary>
    public static string Html { get; } = Resource("page.html")
        .Replace(StylePlace, Style, StringComparison.Ordinal).Replace(ScriptPlace, Script, StringComparison.Ordinal);

    /// <summary>What a browser may do for it.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; script-src '{Hash(Script)}'; style-src '{Hash(Style)}'; img-src data: blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static Task Send(HttpContext context, CancellationToken cancellation)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-cache";
        return Replies.Text(context, 200, "text/html; charset=utf-8", Html, cancellation);
    }

    /// <summary>The colours of reports, so that a layer looks the same here and there.</summary>
    private static string Colours() =>
        $":root{{{Variables(tone => tone.Light)}}}@media (prefers-color-scheme:dark){{:root{{{Variables(tone => tone.Dark)}}}}}";

    private static string Variables(Func<Tone, string> shade) => string.Concat(
        new (string Name, Tone Tone)[]
        {
            ("ink", Palette.Ink), ("muted", Palette.Muted), ("line", Palette.Line), ("page", Palette.Page), ("card", Palette.Card),
            ("good", Palette.Good), ("bad", Palette.Bad), ("drop", Palette.Drop), ("tune", Palette.Tune), ("anchor", Palette.Anchor),
            ("frozen", Palette.Frozen), ("protected", Palette.Protected), ("on-light", Palette.OnLight), ("on-dark", Palette.OnDark),
        }.Select(colour => $"--{colour.Name}:{shade(colour.Tone)};"));

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Resource(string name)
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
