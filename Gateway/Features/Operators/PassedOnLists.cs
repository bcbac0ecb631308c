namespace ArdorQr.Gateway.Features.Operators;

/// <summary>A list that another service keeps, page by page: the asker's <c>limit</c> and <c>before</c> and its answer.</summary>
internal static class PassedOnLists
{
    private static readonly string[] PassedOn = ["limit", "before"];

    /// <summary>What goes on of a request's query; the service judges it.</summary>
    public static QueryString PageQuery(this HttpRequest request) =>
        QueryString.Create(request.Query.Where(pair => PassedOn.Contains(pair.Key)));

    /// <summary>The service's own JSON as the answer.</summary>
    public static async Task<IResult> ToResultAsync(this Task<byte[]> json) =>
        Results.Text(await json, "application/json; charset=utf-8");
}
