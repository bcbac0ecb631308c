using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ArdorQr.Gateway.Domain;
using ArdorQr.ServiceDefaults.Http;
using ArdorQr.ServiceDefaults.Identity;

namespace ArdorQr.Gateway.Clients;

/// <summary>The services' books, page by page: <c>/internal/books</c>.</summary>
internal sealed class BooksClient(IHttpClientFactory clients, TokenIssuer tokens)
{
    /// <summary>What Payments found between itself and the rail.</summary>
    internal sealed record Statement(bool HasRail, bool IsWhole, int Lines, IReadOnlyList<StatementFault> Faults);

    /// <summary>A book's rows between two ids, in their order.</summary>
    /// <param name="service">Whose book.</param>
    /// <param name="book">Its name.</param>
    /// <param name="from">The least time that an id may tell.</param>
    /// <param name="until">The time that all ids are before.</param>
    /// <param name="cancellationToken">Stops between pages too.</param>
    /// <exception cref="HttpRequestException">The service didn't answer with a page.</exception>
    public IAsyncEnumerable<T> ReadAsync<T>(
        string service, string book, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellationToken) =>
        PagesAsync<T>(
            service, BookQuery.FirstIdAt(from), since => $"{book}?after={since}&before={BookQuery.FirstIdAt(until)}",
            cancellationToken);

    /// <summary>A book's rows with ids from before a time that are open still, or have ended since, in their order.</summary>
    /// <param name="service">Whose book.</param>
    /// <param name="book">Its name.</param>
    /// <param name="from">The time.</param>
    /// <param name="cancellationToken">Stops between pages too.</param>
    /// <exception cref="HttpRequestException">The service didn't answer with a page.</exception>
    public IAsyncEnumerable<T> ReadLateAsync<T>(
        string service, string book, DateTimeOffset from, CancellationToken cancellationToken) =>
        PagesAsync<T>(
            service, Guid.Empty,
            since => $"{book}/late?after={since}&before={BookQuery.FirstIdAt(from)}&changedFrom={from.UtcDateTime:O}",
            cancellationToken);

    private async IAsyncEnumerable<T> PagesAsync<T>(
        string service, Guid after, Func<Guid, string> path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (Guid? next = after; next is { } since;)
        {
            var page = await SendAsync<BookQuery.Page<T>>(service, HttpMethod.Get, path(since), null, cancellationToken);
            foreach (var row in page.Rows)
            {
                yield return row;
            }

            next = page.Next;
        }
    }

    /// <summary>The rows with these ids, those that there are.</summary>
    /// <param name="service">Whose book.</param>
    /// <param name="book">Its name.</param>
    /// <param name="ids">At most <see cref="BookQuery.MaxRows"/>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="HttpRequestException">The service didn't answer with rows.</exception>
    public async Task<IReadOnlyList<T>> FindAsync<T>(
        string service, string book, IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        (await SendAsync<BookQuery.Page<T>>(
            service, HttpMethod.Post, $"{book}/find", new BookQuery.Ids(ids), cancellationToken)).Rows;

    /// <summary>Payments of this time against the rail's statement.</summary>
    /// <exception cref="HttpRequestException">Payments didn't answer.</exception>
    public Task<Statement> CompareStatementAsync(
        string mode, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        SendAsync<Statement>(
            "payments", HttpMethod.Get, $"statement?mode={mode}&from={from.UtcDateTime:O}&to={to.UtcDateTime:O}", null,
            cancellationToken);

    private async Task<T> SendAsync<T>(
        string service, HttpMethod method, string path, BookQuery.Ids? ids, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(nameof(ReconciliationClient));
        using var request = new HttpRequestMessage(method, new Uri($"https+http://{service}/internal/books/{path}"));
        request.Headers.Authorization = new("Bearer", tokens.IssueService(service, $"{service}:reconcile"));
        request.Content = ids is null ? null : JsonContent.Create(ids, options: ApiJson.Options);
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellationToken)
                ?? throw new JsonException("null");
        }
        catch (Exception exception) when (
            exception is JsonException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{service} did not answer with its book.", exception);
        }
    }
}
