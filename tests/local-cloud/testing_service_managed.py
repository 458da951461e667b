"""An organization with service-managed stack sets, and a test case that changes the one and watches the other."""

import json
import time

from testing_cloud import REGION
from testing_stacksets import StackSetTest, parameter_template

SUSPENDED = "SUSPENDED"


def targets(*units: str, **more) -> dict:
    """DeploymentTargets of units."""
    return {"OrganizationalUnitIds": list(units), **more}


class ServiceManagedTest(StackSetTest):
    """A management account with trusted access and six members: two in the unit ``left``, two in ``left/low`` below it,
    one in ``right`` and one in the root."""

    next_member = 310000000001

    def setUp(self):
        super().setUp()
        numbers = range(ServiceManagedTest.next_member, ServiceManagedTest.next_member + 10)
        ServiceManagedTest.next_member += 10
        self.members = [str(number) for number in numbers]
        first, second, third, fourth, fifth, sixth, *self.spare = self.members
        self.organization = self.build({"accounts": [sixth], "units": [
            {"name": "left", "accounts": [first, second], "units": [{"name": "low", "accounts": [third, fourth]}]},
            {"name": "right", "accounts": [fifth]}]})
        self.root, units = self.organization["rootId"], self.organization["units"]
        self.left, self.low, self.right = units["left"], units["left/low"], units["right"]
        self.sets.activate_organizations_access()

    def build(self, tree: dict, management: str | None = None) -> dict:
        return self.cloud.call("POST", f"organization?account={management or self.admin}", tree)

    def change(self, account: str, deed: str, **more) -> None:
        self.cloud.call("POST", f"organization/accounts/{account}/{deed}", more)

    def set_state(self, account: str, state: str) -> None:
        self.cloud.call("PUT", f"organization/accounts/{account}", {"state": state})

    def arrive(self, account: str, unit: str = "", **more) -> None:
        self.cloud.call("POST", f"organization/accounts?account={self.admin}",
                        {"id": account, "parent": unit, "joinedMethod": "INVITED", **more})

    def switch(self, **switches) -> None:
        self.cloud.call("PUT", "switches", switches)

    def make_managed(self, template: dict | None = None, name: str = "lab", enabled: bool = True, retain: bool = False,
                     depends: tuple[str, ...] = (), **more) -> str:
        """A stack set; its ARN."""
        retained = {"RetainStacksOnAccountRemoval": retain} if enabled else {}
        made = self.sets.create_stack_set(
            StackSetName=name, TemplateBody=json.dumps(template or parameter_template()),
            PermissionModel="SERVICE_MANAGED",
            AutoDeployment={"Enabled": enabled, **retained, **({"DependsOn": list(depends)} if depends else {})},
            **more)
        return f"arn:aws:cloudformation:{REGION}:{self.admin}:stackset/{made['StackSetId']}"

    def operate(self, action: str, wanted: dict, regions: list[str] | None = None, name: str = "lab", **more) -> str:
        return getattr(self.sets, action)(StackSetName=name, DeploymentTargets=wanted, Regions=regions or [REGION],
                                          **more)["OperationId"]

    def deploy(self, wanted: dict, regions: list[str] | None = None, name: str = "lab", **more) -> str:
        """Create instances; how the operation ended."""
        return self.end(self.operate("create_stack_instances", wanted, regions, name, **more), name)

    def end(self, operation_id: str, name: str = "lab") -> str:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            operation = self.sets.describe_stack_set_operation(StackSetName=name, OperationId=operation_id)
            if (found := operation["StackSetOperation"]["Status"]) not in ("RUNNING", "QUEUED", "STOPPING"):
                return found
            time.sleep(0.02)
        raise AssertionError(f"operation still {found}")

    def operations(self, name: str = "lab") -> list[dict]:
        """All operations, oldest first."""
        return list(reversed(self.sets.list_stack_set_operations(StackSetName=name)["Summaries"]))

    def seen(self, count: int, name: str = "lab") -> list[dict]:
        """All operations once there are so many."""
        deadline = time.monotonic() + 10
        while len(found := self.operations(name)) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    def settled(self, count: int, name: str = "lab") -> list[dict]:
        """All operations once there are so many and all have ended."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.operations(name)
            if len(found) >= count and all("EndTimestamp" in operation for operation in found):
                self.assertEqual(len(found), count, found)
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    def accounts(self, name: str = "lab") -> list[str]:
        """The accounts that have instances."""
        found = self.sets.list_stack_instances(StackSetName=name)["Summaries"]
        return sorted({summary["Account"] for summary in found})

    def detailed(self, name: str = "lab") -> dict[str, str]:
        """Detailed status by account."""
        found = self.sets.list_stack_instances(StackSetName=name)["Summaries"]
        return {summary["Account"]: summary["StackInstanceStatus"]["DetailedStatus"] for summary in found}
