using System.Diagnostics;
using OpenTelemetry;

namespace ArdorQr.Deposits.Features;

/// <summary>
/// One trace per deposit, from its row on chain to its webhook. The watch itself leaves no traces: it looks several
/// times a second and mostly finds nothing.
/// </summary>
internal static class DepositTrace
{
    private static readonly ActivitySource Source = new("ArdorQr.Deposits");

    /// <summary>Nothing until the end of this is traced, but for what <see cref="Begin"/> begins.</summary>
    public static IDisposable Quiet() => SuppressInstrumentationScope.Begin();

    /// <summary>Work on deposits; a deposit's own trace goes on when its <paramref name="traceparent"/> is given.</summary>
    public static Step Begin(string name, string? traceparent)
    {
        var loud = SuppressInstrumentationScope.Begin(value: false);
        Activity.Current = null; // A round is nobody's parent.
        var activity = ActivityContext.TryParse(traceparent, null, isRemote: true, out var parent)
            ? Source.StartActivity(name, ActivityKind.Internal, parent)
            : Source.StartActivity(name);
        return new Step(activity, loud);
    }

    /// <summary>Ends with the work.</summary>
    internal sealed class Step(Activity? activity, IDisposable loud) : IDisposable
    {
        /// <summary>Where later work on the same deposit goes on from; null when nothing is traced.</summary>
        public string? Traceparent => activity?.Id;

        public void Dispose()
        {
            activity?.Dispose();
            loud.Dispose();
        }
    }
}
