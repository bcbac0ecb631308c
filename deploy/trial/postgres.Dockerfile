# What deploy/try-images runs as compose.yaml's PostgreSQL where the official image can't be had: Debian's packages, and of
# the official image's customs those that compose.yaml relies on.
ARG BASE
FROM ${BASE}
RUN set -e; export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes; apt-get -qq update; \
    mkdir /etc/postgresql-common; printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf; \
    apt-get -qq -y install --no-install-recommends postgresql >/dev/null; rm -rf /var/lib/apt/lists/*; \
    ln -s /usr/lib/postgresql/*/bin /usr/local/pgsql; \
    mkdir -p /var/lib/postgresql/data /docker-entrypoint-initdb.d; \
    chown postgres:postgres /var/lib/postgresql/data; chmod 700 /var/lib/postgresql/data
COPY --chmod=755 postgres-entrypoint /usr/local/bin/
ENV PATH=/usr/local/pgsql:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PGDATA=/var/lib/postgresql/data
USER postgres
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["postgres-entrypoint"]
CMD ["postgres"]
