using ArdorQr.Contracts;
using ArdorQr.Sandbox.Domain;

namespace ArdorQr.Sandbox.Tests;

/// <summary>The table of test mode, row by row.</summary>
public sealed class RailOutcomeTests
{
    [Theory]
    [InlineData(00, 0.0, "accepted", null)]
    [InlineData(00, 0.9, "completed", null)]
    [InlineData(99, 0.9, "completed", null)]
    [InlineData(01, 0.9, "failed", "payee_rejected")]
    [InlineData(02, 0.9, "failed", "payee_account_invalid")]
    [InlineData(03, 0.9, "failed", "compliance_declined")]
    [InlineData(07, 0.0, "completed", null)]
    [InlineData(10, 9.9, "processing", null)]
    [InlineData(10, 10.0, "completed", null)]
    [InlineData(12, 0.9, "completed", null)]
    [InlineData(13, 0.0, "completed", null)]
    [InlineData(14, 1e6, "processing", null)]
    [InlineData(17, 0.9, "failed", "payee_bank_unavailable")]
    [InlineData(18, 0.9, "failed", "limit_exceeded")]
    [InlineData(19, 0.9, "failed", "rail_rejected")]
    [InlineData(20, 0.9, "failed", "qr_expired")]
    [InlineData(21, 0.9, "failed", "qr_already_paid")]
    public void The_last_two_digits_decide(int ending, double seconds, string status, string? reason)
    {
        Assert.Equal(ending, RailOutcome.EndingOf(new Kopecks(1_234_500 + ending)));
        Assert.Equal(new RailStatus(status, reason), RailOutcome.StatusAt(ending, TimeSpan.FromSeconds(seconds)));
    }
}
