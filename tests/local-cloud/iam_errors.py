"""IAM: a request that is refused, to an API caller or to CloudFormation."""

from xml.sax.saxutils import escape

from ministack.services import iam

import emulator

emulator.require(iam, "_error", "_IAM_HANDLERS")


class Refused(Exception):
    """A request that IAM answers with an error."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code = status, code
        self.response = iam._error(status, code, escape(message))


def answering(action):
    """A handler of the API out of a function that may raise Refused."""
    def handler(params):
        try:
            return action(params)
        except Refused as refused:
            return refused.response
    return handler


def check_first(name: str, check) -> None:
    """Let ``check(params)`` refuse a request before the emulator's own handler sees it."""
    emulator.require(iam._IAM_HANDLERS, name)
    inner = iam._IAM_HANDLERS[name]

    def checked(params):
        check(params)
        return inner(params)

    iam._IAM_HANDLERS[name] = answering(checked)
