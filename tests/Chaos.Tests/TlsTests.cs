using System.Security.Authentication;
using Npgsql;

namespace ArdorQr.Chaos.Tests;

/// <summary>TLS inside, by settings alone: what the page on security says to set, tried.</summary>
[Collection(OneHouse.Name)]
public sealed class TlsTests
{
    private const int LimitMilliseconds = 300_000;

    [Fact(Timeout = LimitMilliseconds)]
    public async Task Services_database_and_broker_speak_tls_and_another_authority_is_refused()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var house = await TlsHouse.StartAsync(cancellation);
        await house.StartLedgerAsync(cancellation); // Ready: it has its database and its broker.
        var gateway = await house.StartGatewayAsync("gateway", house.Authority, cancellation);
        var key = await house.RegisterAsync(gateway.Operators, cancellation);

        Assert.Equal(200, await house.BalanceAsync(gateway.Public, key, cancellation));
        const string openSql =
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename LIKE '%\\_app' AND ";
        Assert.NotEqual(0, await house.CountAsync(openSql + "ssl", cancellation));
        Assert.Equal(0, await house.CountAsync(openSql + "NOT ssl", cancellation));

        // One that trusts another authority gets neither to Ledger nor to the broker.
        var stranger = await house.StartGatewayAsync("gateway-stranger", house.OtherAuthority, cancellation);
        await house.LoggedAsync("gateway-stranger", "remote certificate", cancellation); // The broker's is refused.
        Assert.Equal("Degraded", await house.StatusAsync(stranger.Operators, cancellation));
        Assert.Equal(502, await house.BalanceAsync(stranger.Public, key, cancellation));

        // And none to the database.
        await using (var right = new NpgsqlConnection(house.ConnectionString("ledger", house.Authority)))
        {
            await right.OpenAsync(cancellation);
        }

        await using var wrong = new NpgsqlConnection(house.ConnectionString("ledger", house.OtherAuthority));
        var refused = await Assert.ThrowsAsync<NpgsqlException>(() => wrong.OpenAsync(cancellation));
        Assert.IsType<AuthenticationException>(refused.InnerException);
    }
}
