# What deploy/try-images runs as compose.yaml's RabbitMQ where the official image can't be had. As there, the server itself
# reads /etc/rabbitmq/conf.d/*.conf.
ARG BASE
FROM ${BASE}
RUN set -e; export DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes; apt-get -qq update; \
    apt-get -qq -y install --no-install-recommends rabbitmq-server >/dev/null; rm -rf /var/lib/apt/lists/*; \
    rm -rf /var/lib/rabbitmq; mkdir /var/lib/rabbitmq; chown rabbitmq:rabbitmq /var/lib/rabbitmq
ENV PATH=/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/rabbitmq \
    RABBITMQ_LOGS=- RABBITMQ_CONFIG_FILE=/etc/rabbitmq/none RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none"
USER rabbitmq
VOLUME /var/lib/rabbitmq
EXPOSE 5672
CMD ["rabbitmq-server"]
