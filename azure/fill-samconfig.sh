#!/usr/bin/env bash
# Writes the outputs of azure/identity.bicep into a parameter set of samconfig.toml.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: azure/fill-samconfig.sh [--deployment NAME] [--config-env NAME] [--file PATH]

  --deployment NAME   the deployment of azure/identity.bicep (defender-connector-aws)
  --config-env NAME   the parameter set to write (default)
  --file PATH         the samconfig to write (samconfig.toml beside the folder azure)

Needs the Azure CLI, signed in to the subscription that azure/identity.bicep was deployed to.
TEXT
}

die() {
  printf 'fill-samconfig: %s\n' "$1" >&2
  exit 1
}

deployment=defender-connector-aws
config_env=default
file=$(dirname "$0")/../samconfig.toml
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage; exit 0 ;;
    --deployment | --config-env | --file) [ $# -ge 2 ] || { usage >&2; exit 2; } ;;
    *) usage >&2; exit 2 ;;
  esac
  case "$1" in
    --deployment) deployment=$2 ;;
    --config-env) config_env=$2 ;;
    --file) file=$2 ;;
  esac
  shift 2
done
command -v az >/dev/null || die 'the Azure CLI is not installed'
[ -f "$file" ] || die "$file is not there"

# An output of the deployment, refused unless it has the form that template.yaml asks for.
output() {
  local name=$1 form=$2 value
  value=$(az deployment sub show --name "$deployment" \
    --query "properties.outputs.$name.value" --output tsv)
  [[ $value =~ ^${form}$ ]] || die "output $name of deployment $deployment is '$value', not of the form $form"
  printf '%s\n' "$value"
}

guid='[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
tenant=$(output tenantId "$guid")
subscription=$(output subscriptionId "$guid")
client=$(output clientId "$guid")
group=$(output resourceGroup '[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]')
location=$(output location '[A-Za-z0-9][A-Za-z0-9 ]{0,63}')

# Every other line stays as it is, so a second run changes nothing.
filled=$(mktemp)
trap 'rm -f "$filled"' EXIT
awk -v section="[$config_env.deploy.parameters.parameter_overrides]" \
  -v tenant="$tenant" -v subscription="$subscription" -v client="$client" \
  -v group="$group" -v location="$location" '
  BEGIN {
    value["AzureTenantId"] = tenant
    value["AzureSubscriptionId"] = subscription
    value["AzureResourceGroup"] = group
    value["AzureLocation"] = location
    value["AzureClientId"] = client
  }
  /^\[/ { inside = ($0 == section) }
  inside && ($1 in value) && $2 == "=" {
    printf "%s = \"%s\"\n", $1, value[$1]
    delete value[$1]
    next
  }
  { print }
  END {
    for (name in value) {
      printf "fill-samconfig: %s has no %s\n", section, name > "/dev/stderr"
      missing = 1
    }
    exit missing
  }' "$file" >"$filled"
cat "$filled" >"$file"

printf '%s: [%s] now deploys to resource group %s of subscription %s\n' \
  "$file" "$config_env" "$group" "$subscription"
