using System.Collections.Frozen;
using Markdig;

namespace ArdorQr.Gateway.Contract;

/// <summary>The guide for merchants: written as Markdown (Guide/*.md), shown as pages that need nothing but themselves.</summary>
internal static class GuidePages
{
    private const string Prefix = "guide.";
    private const string Suffix = ".md";

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers().Build();

    /// <summary>The pages in the order of their menu, by the last part of their address.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["scenario", "keys", "idempotency", "errors", "webhooks", "test-mode", "limits", "clients"];

    private static readonly FrozenDictionary<string, Page> Pages = Names.Select(Read).ToFrozenDictionary(page => page.Name);
    private static readonly FrozenDictionary<string, string> Html = Pages.Values.ToFrozenDictionary(page => page.Name, ToHtml);

    public static string? Find(string name) => Html.GetValueOrDefault(name);

    private static Page Read(string name)
    {
        using var stream = typeof(GuidePages).Assembly.GetManifestResourceStream($"{Prefix}{name}{Suffix}")!;
        using var reader = new StreamReader(stream);
        var markdown = reader.ReadToEnd();
        return new(name, markdown[2..markdown.IndexOf('\n', StringComparison.Ordinal)], Markdown.ToHtml(markdown, Pipeline));
    }

    private static string ToHtml(Page page)
    {
        var menu = string.Concat(Names.Select(name => name == page.Name
            ? $"<li><b>{Pages[name].Title}</b></li>"
            : $"<li><a href=\"/docs/guide/{name}\">{Pages[name].Title}</a></li>"));
        return $$"""
            <!doctype html>
            <html lang="ru">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{{page.Title}} — ArdorQR API</title>
            <style>{{Style}}</style>
            </head>
            <body>
            <nav><p><a href="/docs/">ArdorQR API</a></p><ul>{{menu}}</ul></nav>
            <main>
            {{page.Html}}
            </main>
            </body>
            </html>
            """;
    }

    private const string Style =
        """
        :root { color-scheme: light dark; --line: #8884; --quiet: #8882; }
        body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: flex; flex-wrap: wrap; }
        nav { padding: 2rem; flex: 0 0 15rem; } nav ul { list-style: none; padding: 0; } nav li { margin: .4rem 0; }
        main { padding: 1rem 2rem 4rem; flex: 1 1 30rem; max-width: 52rem; min-width: 0; }
        table { border-collapse: collapse; display: block; overflow-x: auto; }
        th, td { border: 1px solid var(--line); padding: .35rem .7rem; text-align: left; vertical-align: top; }
        code { background: var(--quiet); padding: .1em .3em; border-radius: 4px; font-size: .92em; }
        pre { background: var(--quiet); padding: 1rem; border-radius: 6px; overflow-x: auto; } pre code { background: none; padding: 0; }
        """;

    private sealed record Page(string Name, string Title, string Html);
}
