using System.Net.Sockets;
using ArdorQr.ServiceDefaults.Hosting;
using Microsoft.Extensions.Logging;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>An outage is met with growing pauses and one sentence a try; a defect keeps its stack trace.</summary>
public sealed class SetbacksTests
{
    private readonly Sink _log = new();

    [Fact]
    public void Pauses_double_up_to_their_limit_and_begin_anew_after_a_good_round()
    {
        var setbacks = new Setbacks(_log, "The work");
        double[] pauses = [.. Enumerable.Range(0, 8).Select(_ => setbacks.After(Outage()).TotalSeconds)];
        setbacks.Over();

        Assert.Equal([0.25, 0.5, 1, 2, 4, Setbacks.MaxPauseSeconds, Setbacks.MaxPauseSeconds, Setbacks.MaxPauseSeconds], pauses);
        Assert.Equal(0.25, setbacks.After(Outage()).TotalSeconds);
    }

    [Fact]
    public void An_outage_is_told_in_a_sentence_and_a_defect_with_its_exception()
    {
        var setbacks = new Setbacks(_log, "The work");
        setbacks.After(Outage());
        setbacks.After(new InvalidOperationException("a defect"));

        Assert.Equal(LogLevel.Warning, _log.Entries[0].Level);
        Assert.Null(_log.Entries[0].Exception);
        Assert.Contains("The work", _log.Entries[0].Text, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Error, _log.Entries[1].Level);
        Assert.IsType<InvalidOperationException>(_log.Entries[1].Exception);
    }

    private static SocketException Outage() => new((int)SocketError.ConnectionRefused);

    private sealed class Sink : ILogger
    {
        public List<(LogLevel Level, string Text, Exception? Exception)> Entries { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Add((logLevel, formatter(state, exception), exception));
    }
}
