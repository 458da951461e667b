"""StackSets: in which order, how many at once, and how many failures an operation bears.

"Stack set operation options" and StackSetOperationPreferences in the API reference: percentages are of the accounts
in a region and round down, concurrency to one at least. Under STRICT_FAILURE_TOLERANCE, the default, concurrency
starts at no more than tolerance + 1 and shrinks with every failure; under SOFT_FAILURE_TOLERANCE it does not.
"""

import stacksets_wire as wire

_PAIRS = (("FailureToleranceCount", "FailureTolerancePercentage"), ("MaxConcurrentCount", "MaxConcurrentPercentage"))


def check(preferences: dict) -> dict:
    """The preferences, or a refusal."""
    for pair in _PAIRS:
        if all(name in preferences for name in pair):
            raise wire.refusal("ValidationError", f"Cannot specify both {pair[0]} and {pair[1]}")
    return preferences


def in_order(preferences: dict, regions: list[str]) -> list[str]:
    """Regions as RegionOrder has them; the ones that it leaves out follow by name, which AWS does not document."""
    first = [region for region in preferences.get("RegionOrder", []) if region in regions]
    return first + sorted(set(regions) - set(first))


def parallel(preferences: dict) -> bool:
    """Whether all regions start at once."""
    return preferences.get("RegionConcurrencyType") == "PARALLEL"


class Pace:
    """What one region of an operation may do, for a number of accounts."""

    def __init__(self, preferences: dict, accounts: int):
        self.tolerance = preferences.get(
            "FailureToleranceCount", accounts * preferences.get("FailureTolerancePercentage", 0) // 100)
        wanted = preferences.get("MaxConcurrentCount",
                                 accounts * preferences.get("MaxConcurrentPercentage", 0) // 100)
        self.most = max(wanted, 1)
        self.strict = preferences.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE"

    def exceeded(self, failures: int) -> bool:
        """Whether the region stops."""
        return failures > self.tolerance

    def at_once(self, failures: int) -> int:
        """How many accounts may be at work after a number of failures."""
        return min(self.most, max(self.tolerance + 1 - failures, 0)) if self.strict else self.most
