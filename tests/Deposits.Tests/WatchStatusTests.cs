using System.Diagnostics.Metrics;
using ArdorQr.Contracts;
using ArdorQr.Deposits.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace ArdorQr.Deposits.Tests;

public sealed class WatchStatusTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 6, 19, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_chain_that_is_behind_or_contradicts_the_settings_degrades_the_service()
    {
        using var status = Create();
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(status));

        status.HeadSeen(Mode.Test, _time.GetUtcNow().AddSeconds(-60));
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(status));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HealthStatus.Degraded, await HealthAsync(status));

        status.NotLeading(Mode.Test);
        Assert.Equal(HealthStatus.Healthy, await HealthAsync(status));
        status.Stopped(Mode.Test, "wrong network");
        Assert.Equal(HealthStatus.Degraded, await HealthAsync(status));
    }

    [Fact]
    public void Ages_are_measured_in_seconds_by_mode()
    {
        using var status = Create();
        status.Configured(Mode.Test);
        status.Configured(Mode.Live);
        status.HeadSeen(Mode.Test, _time.GetUtcNow().AddSeconds(-2));
        status.Waiting(Mode.Test, new(_time.GetUtcNow().AddSeconds(-30), new Dictionary<string, long> { ["rate"] = 3 }));
        status.Differing(Mode.Test, 2);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(
            new Dictionary<string, double>
            {
                ["deposits.chain.watched test"] = 1,
                ["deposits.chain.watched live"] = 0,
                ["deposits.chain.lag test"] = 3,
                ["deposits.rate.age test"] = 1,
                ["deposits.pending.age test"] = 31,
                ["deposits.held test rate"] = 3,
                ["deposits.held test deposit_limit"] = 0,
                ["deposits.held test hour_limit"] = 0,
                ["deposits.held test screening"] = 0,
                ["deposits.wallets.differing test"] = 2,
            }, Measured());
    }

    [Fact]
    public void A_chain_that_contradicts_the_settings_or_that_another_process_watches_is_told_as_unwatched()
    {
        using var status = Create();
        status.Configured(Mode.Live);
        Assert.Equal(0, Watched());

        status.HeadSeen(Mode.Live, _time.GetUtcNow());
        Assert.Equal(1, Watched());
        status.NotLeading(Mode.Live);
        Assert.Equal(0, Watched());
        status.Stopped(Mode.Live, "wrong network");
        Assert.Equal(0, Watched());

        double Watched() => Measured()["deposits.chain.watched live"];
    }

    private object? _scope;

    private Dictionary<string, double> Measured()
    {
        var measured = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _scope))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            measured[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}"] = value;
    }

    private WatchStatus Create()
    {
        var factory = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        using var probe = factory.Create("probe");
        _scope = probe.Scope;
        return new WatchStatus(factory, _time);
    }

    private static async Task<HealthStatus> HealthAsync(WatchStatus status) =>
        (await status.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken)).Status;
}
