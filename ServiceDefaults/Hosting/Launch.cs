namespace ArdorQr.ServiceDefaults.Hosting;

/// <summary>What the process was started for.</summary>
/// <param name="IsMigration">To prepare database and queues and exit, with accounts that may do so.</param>
internal sealed record Launch(bool IsMigration);
