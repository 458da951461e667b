#!/usr/bin/env bash
# Finds or makes the Entra application that CIEM signs in to AWS with, and prints what to set in samconfig.toml.
# Asks before it makes anything.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: azure/ciem-application.sh [--yes]

  --yes   make what is missing without asking

Needs the Azure CLI, signed in to the tenant of AzureTenantId. Where something is missing, whoever runs this
needs Application.ReadWrite.All, which the directory role Application Administrator has.
TEXT
}

die() {
  printf 'ciem-application: %s\n' "$1" >&2
  exit 1
}

ask=true
while [ $# -gt 0 ]; do
  case "$1" in
    --yes) ask=false ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
command -v az >/dev/null || die 'the Azure CLI is not installed'

name=mciem-aws-oidc-connector
# The audience of its tokens, which the role DefenderForCloud-OidcCiem asks for.
uri=api://mciem-aws-oidc-app

must_be_guid() {
  [[ $2 =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]] || die "the id of $1 is '$2', not a GUID"
}

confirm() {
  "$ask" || return 0
  [ -t 0 ] || die "$1 is missing in tenant $tenant; run again with --yes to make it"
  local reply
  printf '%s is missing in tenant %s. Make it? [y/N] ' "$1" "$tenant" >&2
  read -r reply
  [[ $reply == [Yy]* ]] || die 'not made; leave CspmCiem=false'
}

create_application() {
  local same
  same=$(az ad app list --display-name "$name" --query "[?displayName=='$name'].appId" --output tsv) || exit 1
  # A connector names the application by its display name, so a second one would be ambiguous.
  [ -z "$same" ] || die "the application $name is there without the identifier URI $uri: add that, or delete it"
  confirm "The application $name"
  az ad app create --display-name "$name" --identifier-uris "$uri" --sign-in-audience AzureADMyOrg \
    --query appId --output tsv || die "not made; a policy of the tenant can forbid identifier URIs like $uri"
}

tenant=$(az account show --query tenantId --output tsv)
must_be_guid 'the tenant' "$tenant"
# An identifier URI is unique in its tenant; the name may have been chosen in the portal.
found=$(az ad app list --identifier-uri "$uri" --query '[].[appId, displayName]' --output tsv)
if [ -n "$found" ]; then
  application=${found%%$'\t'*}
  name=${found#*$'\t'}
else
  application=$(create_application)
fi
must_be_guid 'the application' "$application"
case "$name" in
  *[\"\\[:cntrl:]]*) die "the name of application $application does not fit into samconfig.toml" ;;
esac

principal=$(az ad sp list --filter "appId eq '$application'" --query '[].id' --output tsv)
if [ -z "$principal" ]; then
  confirm "The service principal of $name"
  principal=$(az ad sp create --id "$application" --query id --output tsv)
fi
must_be_guid "the service principal of $name" "$principal"

printf 'CspmPlan = "Defender"\n'
printf 'CspmCiem = "true"\n'
printf 'CiemSubject = "%s"\n' "$principal"
printf 'CiemApplicationName = "%s"\n' "$name"
