#!/bin/sh
# Least privilege for one principal that runs all agents, on a cluster with an authorizer. It names each topic and grants
# nothing else: needs Kafka's own kafka-acls.sh on the PATH.
#   deploy/kafka/acls.sh --bootstrap-server kafka-1:9093 --command-config admin.properties
# Each agent may have a principal of its own with less: docs/security.md. PRINCIPAL and FOREWARN_TOPIC_PREFIX may be set.
set -eu
principal=${PRINCIPAL:-User:forewarn}
prefix=${FOREWARN_TOPIC_PREFIX:-}
inputs="loans payments missed-installments contacts business-dates controls"
internal="models journal state sequence-state learn-state labels book portfolio-state"
outputs="risk-tier-changes delinquency-changes collection-actions portfolio-alerts evidence dead-letters"

grant() { kafka-acls.sh "$@" --add --force --allow-principal "$principal"; }

server="$*"
for topic in $inputs $internal; do
    grant $server --operation Read --topic "$prefix$topic"
done
# `portfolio` says on controls what must wait while a feed is out.
for topic in $internal $outputs controls; do
    grant $server --operation Write --topic "$prefix$topic"
done
for topic in $inputs $internal $outputs; do
    grant $server --operation Describe --operation DescribeConfigs --topic "$prefix$topic"
done
# What `preserve` keeps, it reads.
for topic in risk-tier-changes delinquency-changes collection-actions portfolio-alerts dead-letters; do
    grant $server --operation Read --topic "$prefix$topic"
done
# Consumer groups and transactional ids all begin alike.
grant $server --operation Read --group "${prefix}forewarn." --resource-pattern-type prefixed
grant $server --operation Write --operation Describe --transactional-id "${prefix}forewarn." \
    --resource-pattern-type prefixed
