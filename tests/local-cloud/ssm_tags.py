"""Systems Manager: tags of documents and automation executions (API reference, "AddTagsToResource").

A resource has 50 tags; a key does not begin with "aws:". Resources of other types are the emulator's own.
"""

from collections.abc import Callable

import ssm_api
from ssm_api import Caller, SsmError

_MOST = 50
# By resource type: what finds the resource, an object with ``tags``, by its id.
_finders: dict[str, Callable] = {}


def tag_type(resource_type: str, find: Callable) -> None:
    """Let resources of a type be tagged; ``find(id)`` gives the resource or None."""
    _finders[resource_type] = find


def checked(tags: list[dict] | None) -> dict[str, str]:
    """The tags of a request."""
    found = {tag["Key"]: tag.get("Value", "") for tag in tags or ()}
    if any(key.lower().startswith("aws:") for key in found):
        raise SsmError("ValidationException", "Tag keys cannot start with aws:.")
    return changed({}, found, set())


def changed(tags: dict[str, str], add: dict[str, str], remove: set[str]) -> dict[str, str]:
    """Tags after a change."""
    result = {key: value for key, value in tags.items() if key not in remove} | add
    if len(result) > _MOST:
        raise SsmError("TooManyTagsError", f"The number of tags is over {_MOST}.")
    return result


def _of_found(action: Callable) -> Callable:
    def answer(request: dict, _caller: Caller) -> dict | None:
        find = _finders.get(request.get("ResourceType"))
        if find is None:
            return None
        resource = find(str(request.get("ResourceId")))
        if resource is None:
            raise SsmError("InvalidResourceId", "The resource ID is not valid.")
        return action(resource, request)
    return answer


def _add(resource, request: dict) -> dict:
    resource.tags = changed(resource.tags, checked(request.get("Tags")), set())
    return {}


def _remove(resource, request: dict) -> dict:
    resource.tags = changed(resource.tags, {}, set(request.get("TagKeys") or ()))
    return {}


def _list(resource, _request: dict) -> dict:
    return {"TagList": [{"Key": key, "Value": value} for key, value in resource.tags.items()]}


def install() -> None:
    """Answer the operations on tags."""
    ssm_api.serve({"AddTagsToResource": _of_found(_add), "RemoveTagsFromResource": _of_found(_remove),
                   "ListTagsForResource": _of_found(_list)})
