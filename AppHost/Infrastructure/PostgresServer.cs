using Aspire.Hosting.ApplicationModel;
using Npgsql;

namespace ArdorQr.AppHost.Infrastructure;

/// <summary>
/// The database server: makes a database per service as soon as it is ready. Each has two ways in: its owner's, for
/// migrations, and that of an application role, which the migration makes and grants to.
/// </summary>
internal sealed class PostgresServer
{
    /// <summary>Of one service; six of them stay within <see cref="Servers.MaxPostgresConnections"/>.</summary>
    private const string MaxPoolSize = "40";

    private readonly IDistributedApplicationBuilder _builder;
    private readonly KeptSecrets _secrets;
    private readonly ReferenceExpression _address;
    private readonly string _superuserPassword;
    private readonly List<string> _databases = [];

    /// <param name="builder">The application's builder.</param>
    /// <param name="resource">What runs the server.</param>
    /// <param name="address"><c>Host=...;Port=...</c></param>
    /// <param name="superuserPassword">Of the role <c>postgres</c>.</param>
    /// <param name="secrets">Keeps the application roles' passwords.</param>
    public PostgresServer(
        IDistributedApplicationBuilder builder, IResourceBuilder<IResource> resource, ReferenceExpression address,
        string superuserPassword, KeptSecrets secrets)
    {
        (_builder, Resource, _address) = (builder, resource, address);
        (_superuserPassword, _secrets) = (superuserPassword, secrets);
        builder.Eventing.Subscribe<ResourceReadyEvent>(
            resource.Resource, (_, cancellationToken) => CreateDatabasesAsync(cancellationToken));
    }

    public IResourceBuilder<IResource> Resource { get; }

    public ServiceDatabase AddDatabase(string service)
    {
        _databases.Add(service);
        var role = $"{service}_app";
        var password = _secrets.Password($"postgres-{role}");
        return new(
            _builder.AddConnectionString($"{service}-database", ReferenceExpression.Create(
                $"{_address};Username={role};Password={password};Database={service};Maximum Pool Size={MaxPoolSize}"))
                .WithParentRelationship(Resource.Resource),
            _builder.AddConnectionString($"{service}-database-owner", ReferenceExpression.Create(
                $"{_address};Username=postgres;Password={_superuserPassword};Database={service};Pooling=false"))
                .WithParentRelationship(Resource.Resource));
    }

    /// <summary>The superuser's connection string to the database that every server has.</summary>
    public async Task<string> SuperuserAsync(CancellationToken cancellationToken) =>
        await _address.GetValueAsync(cancellationToken)
        + $";Username=postgres;Password={_superuserPassword};Database=postgres;Pooling=false";

    private async Task CreateDatabasesAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(await SuperuserAsync(cancellationToken));
        await connection.OpenAsync(cancellationToken);
        foreach (var database in _databases)
        {
            await using var find = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection);
            find.Parameters.Add(new() { Value = database });
            if (await find.ExecuteScalarAsync(cancellationToken) is null)
            {
                await using var create = new NpgsqlCommand($"CREATE DATABASE \"{database}\"", connection);
                await create.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }
}

/// <summary>The two ways into a service's database.</summary>
internal sealed record ServiceDatabase(
    IResourceBuilder<IResourceWithConnectionString> Application, IResourceBuilder<IResourceWithConnectionString> Owner);
