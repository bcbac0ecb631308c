using System.CommandLine;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArdorQr.Operate;

/// <summary>
/// The operator's command line: <c>ardorqr merchants suspend ID --reason …</c>. The address and the token come from
/// OPERATOR_URL and OPERATOR_TOKEN (<c>./run</c> writes both to .run/env); the answer is printed as JSON. It exits with 0,
/// with 1 when the API refuses, with 2 when it can't be reached or asked.
/// </summary>
internal static class OperateProgram
{
    private const int Refused = 1;
    private const int NotAsked = 2;
    private const int TimeoutSeconds = 60;

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static Task<int> Main(string[] args) =>
        RunAsync(args, Environment.GetEnvironmentVariable, Console.Out, Console.Error);

    internal static Task<int> RunAsync(string[] args, Func<string, string?> environment, TextWriter output, TextWriter errors)
    {
        var root = new RootCommand("Operates ArdorQR by its operator API. Needs OPERATOR_URL and OPERATOR_TOKEN.");
        foreach (var group in Calls.All.GroupBy(call => call.Group))
        {
            var commands = new Command(group.Key, string.Join(", ", group.Select(call => call.Verb)));
            foreach (var call in group)
            {
                commands.Subcommands.Add(CommandOf(call, environment, output, errors));
            }

            root.Subcommands.Add(commands);
        }

        return root.Parse(args).InvokeAsync(new InvocationConfiguration { Output = output, Error = errors });
    }

    private static Command CommandOf(Call call, Func<string, string?> environment, TextWriter output, TextWriter errors)
    {
        var command = new Command(call.Verb, call.Help);
        var symbols = call.Fields.Select(field => (field, field.AddTo(command))).ToList();
        var key = new Option<string>("--idempotency-key") { Description = "Say the same again with the same key; a new one unless given" };
        if (call.IsIdempotent)
        {
            command.Options.Add(key);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (environment("OPERATOR_URL") is not { Length: > 0 } address || environment("OPERATOR_TOKEN") is not { Length: > 0 } token)
            {
                await errors.WriteLineAsync("OPERATOR_URL and OPERATOR_TOKEN must be set: set -a; . .run/env; set +a");
                return NotAsked;
            }

            using var request = RequestOf(call, symbols, parsed, address);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (call.IsIdempotent)
            {
                request.Headers.Add("Idempotency-Key", parsed.GetValue(key) ?? $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}");
            }

            return await SendAsync(request, output, errors, cancellationToken);
        });
        return command;
    }

    private static HttpRequestMessage RequestOf(
        Call call, IEnumerable<(Field, Symbol)> symbols, ParseResult parsed, string address)
    {
        var (path, query, body) = (call.Path, new List<string>(), new JsonObject());
        foreach (var (field, symbol) in symbols)
        {
            switch (field.Place)
            {
                case Place.Path:
                    path = path.Replace($"{{{field.Name}}}", Uri.EscapeDataString(Field.TextIn(parsed, symbol)!), StringComparison.Ordinal);
                    break;
                case Place.Query when Field.TextIn(parsed, symbol) is { } text:
                    query.Add($"{field.Name}={Uri.EscapeDataString(text)}");
                    break;
                case Place.Body when Field.JsonIn(parsed, symbol) is { } value:
                    body[field.Name] = value;
                    break;
            }
        }

        var request = new HttpRequestMessage(
            call.Method, new Uri($"{address.TrimEnd('/')}{path}{(query.Count > 0 ? $"?{string.Join('&', query)}" : "")}"));
        if (body.Count > 0)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        return request;
    }

    private static async Task<int> SendAsync(
        HttpRequestMessage request, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(TimeoutSeconds) };
            using var response = await client.SendAsync(request, cancellationToken);
            var text = Indented(await response.Content.ReadAsStringAsync(cancellationToken));
            await (response.IsSuccessStatusCode ? output : errors).WriteLineAsync(text);
            return response.IsSuccessStatusCode ? 0 : Refused;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            await errors.WriteLineAsync($"{request.RequestUri} did not answer: {exception.Message}");
            return NotAsked;
        }
    }

    private static string Indented(string text)
    {
        try
        {
            return JsonNode.Parse(text)!.ToJsonString(Readable);
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
