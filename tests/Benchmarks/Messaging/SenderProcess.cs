using System.Net.Http.Json;
using ArdorQr.Benchmarks.Hosting;

namespace ArdorQr.Benchmarks.Messaging;

/// <summary>The bench's hold of a <see cref="BenchSender"/>.</summary>
internal sealed class SenderProcess : IAsyncDisposable
{
    public const string DatabaseVariable = "BENCH_DATABASE";
    public const string BrokerVariable = "BENCH_BROKER";

    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private SenderProcess(ChildProcess process, HttpClient http) => (_process, _http) = (process, http);

    /// <summary>The processor time that it has used.</summary>
    public TimeSpan ProcessorTime => _process.ProcessorTime;

    /// <param name="side">One of <see cref="BenchSender"/>'s.</param>
    /// <param name="name">Names its log.</param>
    /// <param name="database">Its own database.</param>
    /// <param name="broker">An amqp URI.</param>
    /// <param name="cancellationToken">Stops waiting for it.</param>
    public static async Task<SenderProcess> StartAsync(
        string side, string name, string database, string broker, CancellationToken cancellationToken)
    {
        var port = ChildProcess.FreePort();
        var process = new ChildProcess(
            $"sender-{name}", ["dotnet", typeof(SenderProcess).Assembly.Location, BenchSender.Command, side, $"{port}"],
            new Dictionary<string, string?> { [DatabaseVariable] = database, [BrokerVariable] = broker });
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromMinutes(5),
        };
        var sender = new SenderProcess(process, http);
        await process.WaitUntilAsync(() => sender.AnswersAsync(cancellationToken), cancellationToken);
        return sender;
    }

    public Task<long> RowsAsync(CancellationToken cancellationToken) =>
        _http.GetFromJsonAsync<long>(new Uri("/rows", UriKind.Relative), cancellationToken);

    /// <inheritdoc cref="BenchOutbox.LeaveAsync"/>
    public async Task LeaveAsync(int count, CancellationToken cancellationToken)
    {
        using var answer = await PostAsync($"/leave?count={count}", cancellationToken);
    }

    /// <inheritdoc cref="BenchOutbox.CommitAsync"/>
    public async Task BurstAsync(int count, CancellationToken cancellationToken)
    {
        using var answer = await PostAsync($"/burst?count={count}", cancellationToken);
    }

    /// <inheritdoc cref="BenchOutbox.CommitSingleAsync"/>
    public Task<Moment[]> CommitSingleAsync(int count, int perSecond, CancellationToken cancellationToken) =>
        MomentsAsync($"/single?count={count}&perSecond={perSecond}", cancellationToken);

    /// <inheritdoc cref="BenchOutbox.CommitSideBySideAsync"/>
    public Task<Moment[]> CommitSideBySideAsync(int writers, int seconds, CancellationToken cancellationToken) =>
        MomentsAsync($"/writers?writers={writers}&seconds={seconds}", cancellationToken);

    /// <summary>Ends it as a crash does, without a chance to say goodbye.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<Moment[]> MomentsAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await PostAsync(path, cancellationToken);
        return (await answer.Content.ReadFromJsonAsync<Moment[]>(cancellationToken))!;
    }

    private async Task<HttpResponseMessage> PostAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), null, cancellationToken);
        return answer.EnsureSuccessStatusCode();
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await RowsAsync(cancellationToken) >= 0;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
