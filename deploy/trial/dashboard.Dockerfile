# What deploy/try-images runs as compose.yaml's dashboard where the official image can't be had: the program of the NuGet
# package that the AppHost runs too, with the official image's addresses. Built from that package's folder.
ARG BASE
FROM ${BASE}
WORKDIR /app
COPY . .
# A package's files come without the right to be run.
RUN chmod 755 Aspire.Dashboard
ENV ASPNETCORE_URLS=http://+:18888 ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://+:18889
EXPOSE 18888 18889
USER $APP_UID
ENTRYPOINT ["/app/Aspire.Dashboard"]
