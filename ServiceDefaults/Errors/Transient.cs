using System.Net.Sockets;
using Npgsql;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace ArdorQr.ServiceDefaults.Errors;

/// <summary>
/// Tells a fault of the surroundings (database, broker or peer away, connection cut, serialization conflict) from a
/// defect. Transient work is retried and never dead-lettered.
/// </summary>
public static class Transient
{
    private const string ClassConnectionException = "08";
    private const string ClassInsufficientResources = "53";
    private const string ClassOperatorIntervention = "57";
    private const string SerializationFailure = "40001";
    private const string DeadlockDetected = "40P01";
    private const string ReadOnlyTransaction = "25006"; // A demoted primary, after a failover.

    public static bool Is(Exception? exception) => exception switch
    {
        null => false,
        PostgresException postgres => IsTransientState(postgres.SqlState),
        NpgsqlException => true, // Everything that isn't the server's own answer is about the connection.
        SocketException or IOException or TimeoutException or HttpRequestException => true,
        BrokenCircuitException or TimeoutRejectedException => true,
        MassTransit.ConnectionException or RabbitMQ.Client.Exceptions.RabbitMQClientException => true,
        OperationCanceledException { InnerException: TimeoutException } => true,
        AggregateException aggregate => aggregate.InnerExceptions.All(Is),
        ObjectDisposedException => false,
        _ => Is(exception.InnerException),
    };

    private static bool IsTransientState(string state) =>
        state.StartsWith(ClassConnectionException, StringComparison.Ordinal)
        || state.StartsWith(ClassInsufficientResources, StringComparison.Ordinal)
        || state.StartsWith(ClassOperatorIntervention, StringComparison.Ordinal)
        || state is SerializationFailure or DeadlockDetected or ReadOnlyTransaction;
}
