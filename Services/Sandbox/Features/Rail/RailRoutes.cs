using ArdorQr.ServiceDefaults.Errors;
using Microsoft.Extensions.Options;

namespace ArdorQr.Sandbox.Features.Rail;

/// <summary>The rail's HTTP contract, the same that an adapter of a real bank serves. All of it needs the rail's token.</summary>
internal static class RailRoutes
{
    extension(IEndpointRouteBuilder routes)
    {
        public void MapRail()
        {
            var rail = routes.MapGroup("/rail/v1").AddEndpointFilter(async (context, next) =>
            {
                var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<SandboxOptions>>().Value;
                if (!Bearer.Is(context.HttpContext.Request, options.RailToken!))
                {
                    return RailAnswers.Error(StatusCodes.Status401Unauthorized, "unauthorized");
                }

                try
                {
                    return await next(context);
                }
                catch (RejectedException rejected) // A rail doesn't speak in the public API's envelope.
                {
                    return RailAnswers.Error(rejected.Error.Status, rejected.Error.Code);
                }
            });
            routes.MapServeRailContract();
            rail.MapGetRailInfo();
            rail.MapResolveCode();
            rail.MapPutTransfer();
            rail.MapGetTransfer();
            rail.MapListTransfers();
            rail.MapCancelTransfer();
            rail.MapSettleTransfer();
        }
    }
}
