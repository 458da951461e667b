"""The emulator that the self-test talks to, and the function that its stacks run."""

import atexit
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

HERE = Path(__file__).parent
REGION = "eu-west-1"

# A function that does what its resource's property named after the request type says; as a destination, it answers.
BOOTSTRAP = f"""#!{sys.executable}
import json, os, time, urllib.error, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
def call(url, data=None, method=None, headers=None):
    request = urllib.request.Request(url, data, headers or {{}}, method=method)
    if data is not None and "Content-type" not in request.headers:
        request.add_unredirected_header("Content-type", "")
    return urllib.request.urlopen(request)
def reply(event, **fields):
    body = {{"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId", "made-id"),
            **{{key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}}, **fields}}
    call(event["ResponseURL"], json.dumps(body).encode(), "PUT")
def put_refused(event, headers, suffix=""):
    try:
        call(event["ResponseURL"] + suffix, b"{{}}", "PUT", headers)
    except urllib.error.HTTPError as refusal:
        assert refusal.code == 403
        return
    raise SystemExit(9)
while True:
    got = call(api + "next")
    request_id, event = got.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(got.read())
    if "requestPayload" in event:
        context, answer = event["requestContext"], event.get("responsePayload", {{}})
        reply(event["requestPayload"], Status="FAILED", PhysicalResourceId="guarded-id", Reason="|".join([
            context["condition"], str(context["approximateInvokeCount"]), answer.get("errorType", "none")]))
        call(api + request_id + "/response", b"null")
        continue
    mode = event["ResourceProperties"].get(event["RequestType"], "ok")
    if mode == "error":
        call(api + request_id + "/error", json.dumps({{"errorMessage": "no", "errorType": "Broken"}}).encode())
        continue
    if mode == "exit":
        os._exit(3)
    if mode == "sleep":
        time.sleep(60)
    if mode == "ok":
        reply(event, Data={{"Answer": "42"}})
    if mode == "look":
        import boto3
        key = {{"aws_access_key_id": event["StackId"].split(":")[4], "aws_secret_access_key": "test"}}
        names = [role["RoleName"] for role in boto3.client(
            "iam", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="{REGION}", **key).list_roles()["Roles"]]
        reply(event, Data={{"Roles": sorted(name for name in names if name.startswith("Plan")),
                           "Properties": event["ResourceProperties"]}})
    if mode == "other-id":
        reply(event, PhysicalResourceId="other-id")
    if mode.startswith("fail"):
        reply(event, Status="FAILED", Reason="on purpose", PhysicalResourceId=mode[5:] or "failed-id")
    if mode == "twice":
        reply(event), reply(event, Status="FAILED", Reason="too late")
    if mode == "oversize":
        reply(event, Data={{"Answer": "x" * 4096}})
    if mode == "wrong-stack":
        reply(event, StackId="arn:aws:cloudformation:eu-west-1:1:stack/x/y")
    if mode == "no-reason":
        reply(event, Status="FAILED")
    if mode == "long-id":
        reply(event, PhysicalResourceId="i" * 1025)
    if mode == "refused-then-ok":
        put_refused(event, {{"Content-type": "application/json"}})
        put_refused(event, {{"Content-type": ""}}, "x")
        reply(event)
    call(api + request_id + "/response", b"null")
"""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cloud:
    """One emulator for all tests; they differ by account."""

    def __init__(self):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory(prefix="local-cloud-test-")
        self.log = (Path(self.folder.name) / "log").open("w+", encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder.name, "TMPDIR": self.folder.name, "AUTH": "true",
            "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION, "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "AWS_ENDPOINT_URL": self.base,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "LOCAL_CLOUD_STDIN": "watch",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process = subprocess.Popen([sys.executable, str(HERE / "local_cloud.py")], stdin=subprocess.PIPE,
                                        stdout=self.log, stderr=subprocess.STDOUT, env=environment)
        for _ in range(200):
            try:
                self.get("health")
                return
            except OSError:
                time.sleep(0.1)
        self.log.seek(0)
        raise RuntimeError(self.log.read())

    def call(self, method: str, route: str, value=None):
        url = route if route.startswith("http") else f"{self.base}/_local_cloud/{route}"
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=30) as answer:
            return json.load(answer)

    def get(self, route: str):
        return self.call("GET", route)

    def client(self, service: str, account: str, credentials: dict | None = None):
        keys = credentials or {"AccessKeyId": account, "SecretAccessKey": "test"}
        return boto3.client(service, endpoint_url=self.base, region_name=REGION,
                            config=Config(parameter_validation=False),
                            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys.get("SessionToken"))

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.log.close()
        self.folder.cleanup()


@functools.cache
def shared_cloud() -> Cloud:
    """The one emulator of a test run, started when first asked for."""
    cloud = Cloud()
    atexit.register(cloud.stop)
    return cloud
