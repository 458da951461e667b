"""AWS Organizations: services that it trusts, and the delegated administrators of these."""

import time

import organizations_api
import organizations_wire as wire
from organizations_api import MANAGEMENT, READER
from organizations_model import ACTIVE, lock
from organizations_pages import page
from organizations_reads import shown_account
from organizations_units import constraint


def _enable(call: wire.Call) -> dict:
    call.organization.trust(call.request["ServicePrincipal"], True)
    return {}


def _disable(call: wire.Call) -> dict:
    call.organization.trust(call.request["ServicePrincipal"], False)
    return {}


class _Trusted:
    def __init__(self, serial: int, service: str, since: float):
        self.serial, self.shown = serial, {"ServicePrincipal": service, "DateEnabled": since}


def _list(call: wire.Call) -> dict:
    items = [_Trusted(serial, *trusted) for serial, trusted in enumerate(call.organization.services.items(), 1)]
    return page(call, "EnabledServicePrincipals", items, lambda item: item.shown)


def _register(call: wire.Call) -> dict:
    account, service = call.account(), call.request["ServicePrincipal"]
    if account.id == call.organization.management:
        raise constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", "You attempted to register the "
                         "management account of the organization as a delegated administrator.")
    if account.state != ACTIVE:
        raise constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
                         "You cannot register a suspended account as a delegated administrator.")
    if service not in call.organization.services:
        raise constraint("SERVICE_ACCESS_NOT_ENABLED", "You attempted to register a delegated administrator before you "
                         "enabled service access. Call the EnableAWSServiceAccess API first.")
    with lock:
        services = call.organization.delegated.setdefault(account.id, {})
        if service in services:
            raise wire.Refused("AccountAlreadyRegisteredException", "The specified account is already a delegated "
                               "administrator for this AWS service.")
        services[service] = time.time()
    return {}


def _deregister(call: wire.Call) -> dict:
    account, service = call.account(), call.request["ServicePrincipal"]
    with lock:
        services = call.organization.delegated.get(account.id, {})
        if services.pop(service, None) is None:
            raise wire.Refused("AccountNotRegisteredException", "The specified account is not a delegated "
                               "administrator for this AWS service.")
        if not services:
            del call.organization.delegated[account.id]
    return {}


def _list_administrators(call: wire.Call) -> dict:
    organization, service = call.organization, call.request.get("ServicePrincipal")
    items = [organization.accounts[account_id] for account_id, services in list(organization.delegated.items())
             if service in (None, *services)]

    def shown(account) -> dict:
        known = shown_account(organization, account)
        del known["Paths"]
        return {**known, "DelegationEnabledDate": min(organization.delegated[account.id].values())}

    return page(call, "DelegatedAdministrators", sorted(items, key=lambda account: account.serial), shown)


def install() -> None:
    """Add the actions."""
    organizations_api.serve(READER, ListAWSServiceAccessForOrganization=_list,
                            ListDelegatedAdministrators=_list_administrators)
    organizations_api.serve(MANAGEMENT, EnableAWSServiceAccess=_enable, DisableAWSServiceAccess=_disable,
                            RegisterDelegatedAdministrator=_register, DeregisterDelegatedAdministrator=_deregister)
