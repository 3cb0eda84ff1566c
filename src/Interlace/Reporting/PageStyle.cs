namespace Interlace.Reporting;

/// <summary>The style sheet of the page.</summary>
internal static class PageStyle
{
    public static string Css { get; } = $$$"""
        :root{color-scheme:light dark;{{{Variables(tone => tone.Light)}}}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 {{{SvgWriter.Fonts}}}}
        main,footer{max-width:944px;margin:0 auto;padding:0 32px}
        header{padding:40px 0 8px}
        h1{font-size:30px;line-height:1.2;margin:0 0 8px;overflow-wrap:anywhere}
        h2{font-size:21px;margin:48px 0 12px;padding-top:16px;border-top:1px solid var(--line)}
        .lead{font-size:18px;margin:0 0 20px}
        .note,footer,figcaption,small{color:var(--muted)}
        .note,figcaption{font-size:14px}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 16px}
        .tile{background:var(--card);border-radius:8px;padding:14px 16px;display:flex;flex-direction:column;overflow-wrap:anywhere}
        .tile strong{font-size:30px;line-height:1.15;font-weight:600;font-variant-numeric:tabular-nums}
        .tile small{font-size:12.5px}
        figure{margin:16px 0 24px}
        svg{display:block;max-width:100%;height:auto}
        .narrow{display:none}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums}
        th,td{padding:6px 24px 6px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
        thead th{color:var(--muted);font-size:14px}
        th.n,td.n{text-align:right;padding:6px 0 6px 18px;white-space:nowrap}
        td:not(.n){padding-left:18px}
        .mean th,.mean td{font-weight:600}
        .group th{color:var(--muted);font-size:14px;padding-top:14px}
        thead td{border:0}
        thead th.n[colspan]{border-bottom:0;text-align:left}
        .scroll tbody th{position:sticky;left:0;background:var(--page)}
        td small{display:block;font-size:12.5px;font-weight:400}
        dl{margin:0 0 16px;font-variant-numeric:tabular-nums}
        dl div{display:flex;flex-wrap:wrap;gap:0 12px;padding:2px 0}
        dt{color:var(--muted);min-width:8em}
        dd{margin:0}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:16px}
        article{background:var(--card);border-radius:8px;padding:16px;overflow-wrap:anywhere;min-width:0}
        article img{display:block;width:100%;height:200px;object-fit:contain;image-rendering:auto;background:var(--page);border-radius:4px;margin-bottom:12px}
        article p{margin:0 0 8px}
        article ul{list-style:none;margin:0;padding:0}
        article li{padding:8px 0 0;border-top:1px solid var(--line);margin-top:8px}
        .said{display:block;white-space:pre-wrap;max-height:16em;overflow:auto}
        .verdict{float:right;font-size:14px}
        .right{color:var(--good)}.wrong{color:var(--bad)}.part{color:var(--muted)}
        details{margin:12px 0}
        summary{cursor:pointer;padding:4px 0}
        section+details{margin-top:48px}
        pre{background:var(--card);border-radius:8px;padding:14px 16px;overflow-x:auto;font:13px/1.5 ui-monospace,'DejaVu Sans Mono',monospace}
        footer{padding-top:32px;padding-bottom:40px;font-size:14px}
        @media (max-width:640px){main,footer{padding-left:16px;padding-right:16px}header{padding-top:24px}h1{font-size:25px}.lead{font-size:17px}.wide{display:none}.narrow{display:block}.tiles{grid-template-columns:1fr 1fr}.tile strong{font-size:25px}th,td,th.n,td.n,td:not(.n){padding-left:0;padding-right:8px;font-size:14.5px}.scroll tbody th{max-width:38vw}td small{font-size:11px}}
        @media screen and (prefers-color-scheme:dark){:root{{{{Variables(tone => tone.Dark)}}}}{{{Palette.DarkRules}}}}
        @media print{:root{color-scheme:light}body{font-size:11pt;background:none}main,footer{max-width:none;padding:0}.wide{display:block}.narrow{display:none}figure,article,tr,.tile{break-inside:avoid}h2{break-after:avoid}.tile,article,pre{border:1px solid var(--line)}.said{max-height:none}.scroll{overflow:visible}th,td{font-size:9pt}svg,.tile{print-color-adjust:exact;-webkit-print-color-adjust:exact}}

        """.ReplaceLineEndings("\n");

    private static string Variables(Func<Tone, string> shade) =>
        $"--ink:{shade(Palette.Ink)};--muted:{shade(Palette.Muted)};--line:{shade(Palette.Line)};--page:{shade(Palette.Page)};"
        + $"--card:{shade(Palette.Card)};--good:{shade(Palette.Good)};--bad:{shade(Palette.Bad)}";
}
