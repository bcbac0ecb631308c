# The official .NET images as far as deploy/Dockerfile relies on them, made of Debian and what this machine has installed.
# Built from the folder of the installed .NET.
ARG BASE
FROM ${BASE} AS aspnet
RUN groupadd --gid 1654 app && useradd --uid 1654 --gid 1654 --create-home app && \
    ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
COPY dotnet /usr/share/dotnet/
COPY host /usr/share/dotnet/host
COPY shared/Microsoft.NETCore.App /usr/share/dotnet/shared/Microsoft.NETCore.App
COPY shared/Microsoft.AspNetCore.App /usr/share/dotnet/shared/Microsoft.AspNetCore.App
ENV APP_UID=1654 ASPNETCORE_HTTP_PORTS=8080 DOTNET_RUNNING_IN_CONTAINER=true
LABEL ardorqr.home-made=true

FROM aspnet AS sdk
COPY . /usr/share/dotnet/
