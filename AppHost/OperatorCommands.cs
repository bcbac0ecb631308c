#pragma warning disable ASPIREINTERACTION001 // Forms for commands; experimental in this version of Aspire.
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using ArdorQr.AppHost.Infrastructure;
using ArdorQr.AppHost.Startup;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace ArdorQr.AppHost;

/// <summary>What the platform team does, as buttons with forms on the gateway: calls of the operator API, nothing more.</summary>
internal sealed class OperatorCommands(IResourceBuilder<ProjectResource> gateway, KeptSecrets secrets)
{
    private const int TimeoutSeconds = 60;
    private const int MaxTextLength = 500;

    private static readonly InteractionInput _merchant = Text("merchantId", "Merchant id");
    private static readonly InteractionInput _reason = Text("reason", "Reason, for the audit log");

    public void Add()
    {
        Add("register-merchant", "Register merchant", "PersonAdd", "Makes a merchant; its two keys are shown once.", highlighted: true,
            [Text("name", "Name", "ООО Ромашка")],
            form => Operator(HttpMethod.Post, "/operator/merchants", new { name = form.GetString("name") }, idempotent: true));
        Add("reconcile", "Reconcile", "Scales", "Every service's own checks side by side.", highlighted: true, [],
            _ => Operator(HttpMethod.Get, "/operator/reconciliation"));
        Add("test-deposit", "Test deposit", "MoneyHand", "Sends USDT on the sandbox's chain to a merchant's test address.", highlighted: false,
            [
                Number("amount", "Amount, USDT", "25"),
                new() { Name = "testKey", Label = "Test key; empty: the demo merchant's", InputType = InputType.SecretText, Required = false },
            ],
            TestDeposit);
        Add("suspend-merchant", "Suspend merchant", "Pause", "Its keys may only read, within a second.", highlighted: false,
            [_merchant, _reason], form => Operator(HttpMethod.Post, $"/operator/merchants/{Id(form, "merchantId")}/suspend", ReasonOf(form)));
        Add("resume-merchant", "Resume merchant", "Play", "Its keys act again, within a second.", highlighted: false,
            [_merchant, _reason], form => Operator(HttpMethod.Post, $"/operator/merchants/{Id(form, "merchantId")}/resume", ReasonOf(form)));
        Add("adjust-balance", "Adjust balance", "Edit", "Corrects a balance by an operation that the merchant sees.", highlighted: false,
            [_merchant, Choice("mode", "Mode", "test", "live"), Number("amountMinor", "Kopecks, signed", "-500"), _reason],
            form => Operator(HttpMethod.Post, $"/operator/merchants/{Id(form, "merchantId")}/adjustments", new
            {
                mode = form.GetString("mode"),
                amountMinor = long.Parse(form.GetString("amountMinor")!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
                reason = form.GetString("reason"),
            }, idempotent: true));
        Add("review-payments", "Payments in review", "DocumentSearch", "Those that wait for a person.", highlighted: false, [],
            _ => Operator(HttpMethod.Get, "/operator/payments?status=review"));
        Add("settle-payment", "Settle payment in review", "Gavel", "Ends it for good, unless the rail's final word differs.", highlighted: false,
            [Text("paymentId", "Payment id"), Choice("outcome", "Outcome", "completed", "failed"), _reason],
            form => Operator(HttpMethod.Post, $"/operator/payments/{Id(form, "paymentId")}/settle",
                new { outcome = form.GetString("outcome"), reason = form.GetString("reason") }));
        Add("dead-letters", "Dead letters", "MailDismiss", "Messages that no consumer could take.", highlighted: false, [],
            _ => Operator(HttpMethod.Get, "/operator/dead-letters"));
        Add("replay-dead-letter", "Replay dead letter", "MailArrowForward", "Sends it to its consumer once more.", highlighted: false,
            [Text("deadLetterId", "Dead letter id"), _reason],
            form => Operator(HttpMethod.Post, $"/operator/dead-letters/{Id(form, "deadLetterId")}/replay", ReasonOf(form)));
    }

    private void Add(
        string name, string title, string icon, string description, bool highlighted, IReadOnlyList<InteractionInput> form,
        Func<InteractionInputCollection, Call> call) =>
        gateway.WithCommand(
            name, title,
            context => SendAsync(context, call),
            new CommandOptions
            {
                Description = description,
                IconName = icon,
                IsHighlighted = highlighted,
                Arguments = form,
                UpdateState = context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running
                    ? ResourceCommandState.Enabled
                    : ResourceCommandState.Disabled,
            });

    private async Task<ExecuteCommandResult> SendAsync(ExecuteCommandContext context, Func<InteractionInputCollection, Call> call)
    {
        try
        {
            var wanted = call(context.Arguments);
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(TimeoutSeconds) };
            using var request = new HttpRequestMessage(wanted.Method, new Uri(gateway.GetEndpoint(wanted.Endpoint).Url + wanted.Path));
            request.Content = wanted.Body is null ? null : JsonContent.Create(wanted.Body);
            request.Headers.Authorization = new(
                "Bearer", wanted.IsOperators ? secrets.Password(ServiceSet.OperatorToken) : wanted.Key ?? await DemoKeyAsync(context));
            if (wanted.IsIdempotent)
            {
                // One press, one action.
                request.Headers.Add("Idempotency-Key", $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}");
            }

            using var response = await client.SendAsync(request, context.CancellationToken);
            var answer = Indented(await response.Content.ReadAsStringAsync(context.CancellationToken));
            return response.IsSuccessStatusCode
                ? CommandResults.Success($"{(int)response.StatusCode}", answer, CommandResultFormat.Json, displayImmediately: true)
                : CommandResults.Failure($"{(int)response.StatusCode}: {answer}", answer, CommandResultFormat.Json);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or HttpRequestException)
        {
            return CommandResults.Failure(exception.Message);
        }
    }

    private Call TestDeposit(InteractionInputCollection form) => new(
        HttpMethod.Post, "/v1/test/deposits",
        new { amount = decimal.Parse(form.GetString("amount")!, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) })
    {
        Endpoint = "http",
        Key = form.TryGetByName("testKey", out var key) && key.Value is { Length: > 0 } given ? given : null,
    };

    private static Call Operator(HttpMethod method, string path, object? body = null, bool idempotent = false) =>
        new(method, path, body) { IsIdempotent = idempotent };

    private static object ReasonOf(InteractionInputCollection form) => new { reason = form.GetString("reason") };

    /// <exception cref="FormatException">It is no id.</exception>
    private static Guid Id(InteractionInputCollection form, string name) => Guid.Parse(form.GetString(name)!);

    private static async Task<string> DemoKeyAsync(ExecuteCommandContext context) =>
        (await context.Services.GetRequiredService<DemoMerchant>().GetAsync(context.CancellationToken)).Keys.Test.Secret;

    private static string Indented(string json)
    {
        try
        {
            return JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(json), _indented);
        }
        catch (JsonException)
        {
            return json;
        }
    }

    private static readonly JsonSerializerOptions _indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static InteractionInput Text(string name, string label, string? placeholder = null) => new()
    {
        Name = name, Label = label, InputType = InputType.Text, Required = true, MaxLength = MaxTextLength, Placeholder = placeholder,
    };

    private static InteractionInput Number(string name, string label, string placeholder) => new()
    {
        Name = name, Label = label, InputType = InputType.Text, Required = true, Placeholder = placeholder,
    };

    private static InteractionInput Choice(string name, string label, params string[] values) => new()
    {
        Name = name, Label = label, InputType = InputType.Choice, Required = true, Value = values[0],
        Options = [.. values.Select(value => KeyValuePair.Create(value, value))],
    };

    private sealed record Call(HttpMethod Method, string Path, object? Body)
    {
        public string Endpoint { get; init; } = "operator";

        public bool IsOperators => Endpoint == "operator";

        public bool IsIdempotent { get; init; }

        /// <summary>A merchant's key; null: the demo merchant's.</summary>
        public string? Key { get; init; }
    }
}
