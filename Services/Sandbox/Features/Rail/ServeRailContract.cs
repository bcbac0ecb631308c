namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>GET /rail/openapi.yaml, without a token: the rail's contract, for authors of adapters.</summary>
internal static class ServeRailContract
{
    public const string Resource = "rail-openapi.yaml";

    private static readonly Lazy<byte[]> Yaml = new(Read);

    extension(IEndpointRouteBuilder routes)
    {
        public void MapServeRailContract() =>
            routes.MapGet("/rail/openapi.yaml", static () => Results.Bytes(Yaml.Value, "application/yaml; charset=utf-8"));
    }

    private static byte[] Read()
    {
        using var stream = typeof(ServeRailContract).Assembly.GetManifestResourceStream(Resource)!;
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        return buffer.ToArray();
    }
}
