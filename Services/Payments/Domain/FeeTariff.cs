using ArdorQr.Contracts;

namespace ArdorQr.Payments.Domain;

/// <summary>What the house takes of a payment: a share rounded up, kept within a minimum and a maximum.</summary>
/// <param name="FeeBps">Basis points, 0..10000.</param>
/// <param name="Minimum">The least fee, zero or more.</param>
/// <param name="Maximum">The greatest fee; zero means that there is none.</param>
internal sealed record FeeTariff(int FeeBps, Kopecks Minimum, Kopecks Maximum)
{
    public Kopecks FeeOf(Kopecks amount)
    {
        var fee = Kopecks.Max(amount.FeeOf(FeeBps), Minimum);
        return Maximum > Kopecks.Zero ? Kopecks.Min(fee, Maximum) : fee;
    }
}
