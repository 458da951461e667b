"""The local cloud: ministack with the AWS behaviours that it lacks. See README.md for what is played.

Run it with the python of the emulator's virtual environment. It stays in the foreground; with
``LOCAL_CLOUD_STDIN=watch`` it ends when its standard input does, and takes the functions' processes with it.
"""

import os
import socket
import threading
import time
from pathlib import Path

import emulator

emulator.assert_version()

# The version has to be known before anything of ministack is touched.
from ministack import app  # noqa: E402

import admin  # noqa: E402
import cloudformation  # noqa: E402
import cloudformation_api  # noqa: E402
import cloudformation_nested  # noqa: E402
import cloudformation_resources  # noqa: E402
import cloudformation_roles  # noqa: E402
import cloudformation_template  # noqa: E402
import cloudformation_update  # noqa: E402
import cloudformation_way_back  # noqa: E402
import custom_resource  # noqa: E402
import faults  # noqa: E402
import function_log  # noqa: E402
import iam_authorization  # noqa: E402
import iam_federation  # noqa: E402
import iam_oidc  # noqa: E402
import iam_policies  # noqa: E402
import iam_trust  # noqa: E402
import lambda_invoke  # noqa: E402
import lambda_logs  # noqa: E402
import lambda_process  # noqa: E402
import managed_instances  # noqa: E402
import messaging  # noqa: E402
import orchestration  # noqa: E402
import organizations  # noqa: E402
import sts_web_identity  # noqa: E402

PARTS = (iam_federation, iam_oidc, iam_policies, iam_trust, iam_authorization, sts_web_identity, lambda_process,
         lambda_logs, lambda_invoke, custom_resource, cloudformation, cloudformation_update, cloudformation_way_back,
         cloudformation_nested, cloudformation_template, cloudformation_resources, cloudformation_roles,
         cloudformation_api, managed_instances, messaging, organizations, orchestration, faults, function_log, admin)


def _exit_with_stdin() -> None:
    # Not through sys.stdin, whose lock a thread may not hold while the interpreter ends.
    while os.read(0, 4096):
        pass
    lambda_process.stop_all()
    Path(app._pid_file(emulator.port())).unlink(missing_ok=True)
    os._exit(0)


def _announce() -> None:
    """Say in one line that requests are answered."""
    host = os.environ.get("BIND_HOST", "0.0.0.0")
    address = ("127.0.0.1" if host == "0.0.0.0" else host, emulator.port())
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    enforced = "IAM enforced" if app.AUTH else "IAM not enforced"
    print(f"local cloud ready at {emulator.base_url()} (ministack {emulator.PINNED_VERSION}, {enforced})", flush=True)


def main() -> None:
    """Install every part, then serve until told to stop."""
    emulator.require(app, "main", "_pid_file", "AUTH")
    for part in PARTS:
        part.install()
    if os.environ.get("LOCAL_CLOUD_STDIN") == "watch":
        threading.Thread(target=_exit_with_stdin, daemon=True).start()
    threading.Thread(target=_announce, daemon=True).start()
    try:
        app.main()
    finally:
        lambda_process.stop_all()


if __name__ == "__main__":
    main()
