using ArdorQr.ServiceDefaults.Messaging;

namespace ArdorQr.ServiceDefaults.Tests;

/// <summary>Ids that are the same when the same fact is recorded again.</summary>
public sealed class StableIdTests
{
    private static readonly Guid Subject = Guid.Parse("01a21002-f792-7f5f-a455-0aaba3904c9b");

    [Fact]
    public void The_same_fact_has_the_same_id_for_ever() =>
        Assert.Equal(Guid.Parse("01a21002-f792-7c7b-b483-d2050b4b9948"), StableId.Of(Subject, "payment-completed"));

    [Fact]
    public void Another_fact_or_subject_has_another_id()
    {
        Guid[] ids =
        [
            StableId.Of(Subject, "payment-completed"), StableId.Of(Subject, "payment-failed"),
            StableId.Of(Guid.Parse("01a21002-f792-7f5f-a455-0aaba3904c9c"), "payment-completed"), Subject,
        ];

        Assert.Distinct(ids);
    }

    [Fact]
    public void It_is_a_uuid_of_version_7_with_its_subjects_time()
    {
        var id = StableId.Of(Subject, "payment-completed");

        Assert.Equal((7, Subject.ToString()[..13]), (id.Version, id.ToString()[..13]));
        Assert.InRange(id.Variant, 8, 11);
    }

    [Fact]
    public void Of_a_fact_outside_it_has_the_facts_time()
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(0x0123_4567_89AB);

        Assert.StartsWith("01234567-89ab-7", StableId.Of(at, "deposit").ToString());
        Assert.Equal(StableId.Of(at, "deposit"), StableId.Of(at, "deposit"));
    }
}
