#!/usr/bin/env bash
# Prints what Azure has to know of this AWS account: issuer and subject of the token that signs in.
# Switches outbound identity federation on where it is off, after asking.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: azure/print-issuer.sh [--yes]

  --yes   switch outbound identity federation on without asking

Needs the AWS CLI, signed in to the account that will run the stack, with the permissions
iam:GetOutboundWebIdentityFederationInfo and, where federation is off, iam:EnableOutboundWebIdentityFederation.
TEXT
}

die() {
  printf 'print-issuer: %s\n' "$1" >&2
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
command -v aws >/dev/null || die 'the AWS CLI is not installed'

# Prints the issuer, or nothing where federation is off. Any other answer of AWS ends the script.
issuer_if_enabled() {
  local answer
  if answer=$(aws iam get-outbound-web-identity-federation-info \
    --query '[JwtVendingEnabled, IssuerIdentifier]' --output text 2>&1); then
    case "$answer" in
      [Tt]rue*) printf '%s\n' "$answer" | cut -f2 ;;
    esac
  elif [[ $answer != *FeatureDisabled* ]]; then
    die "$answer"
  fi
}

enable() {
  if "$ask"; then
    [ -t 0 ] || die 'outbound identity federation is off; run again with --yes to switch it on'
    local reply
    printf 'Outbound identity federation is off in this account. Switch it on? [y/N] ' >&2
    read -r reply
    [[ $reply == [Yy]* ]] || die 'not switched on; without it use AzureAuthentication=ClientSecret'
  fi
  aws iam enable-outbound-web-identity-federation --query IssuerIdentifier --output text
}

caller=$(aws sts get-caller-identity --query Arn --output text)
partition=$(printf '%s\n' "$caller" | cut -d: -f2)
account=$(printf '%s\n' "$caller" | cut -d: -f5)
issuer=$(issuer_if_enabled)
if [ -z "$issuer" ]; then
  issuer=$(enable)
fi
[[ $issuer == https://* ]] || die "AWS named no issuer, but: $issuer"

printf 'issuer=%s\n' "$issuer"
printf 'subject=arn:%s:iam::%s:role/DefenderConnectorAzureSignIn\n' "$partition" "$account"
