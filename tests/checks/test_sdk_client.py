"""Microsoft's SDK as a client, against a server that answers what it is told."""

import http.server
import json
import threading
import unittest
from pathlib import Path

from azure.core.exceptions import ServiceRequestError

import sdk_client

ALL_PLANS = json.loads((Path(__file__).parent / "fixtures" / "all-plans.json").read_text(encoding="utf-8"))
GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Security/securityConnectors"


class Server(http.server.HTTPServer):
    """Serves one connector, and remembers who asked for what."""

    def __init__(self, connector: dict):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connector, self.asked = connector, []
        self.base = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers["authorization"]))
        path = self.path.partition("?")[0]
        page = {"value": [self.server.connector]}
        if path.startswith("/subscriptions/s/providers/") and "page=2" not in self.path:
            page["nextLink"] = f"{self.server.base}{path}?page=2&api-version=2024-08-01-preview"
        body = json.dumps(self.server.connector if path == f"{GROUP}/c" else page).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Nothing: the tests look at what was asked."""


class SdkClient(unittest.TestCase):
    def look(self, connector: dict):
        server = Server(connector)
        try:
            return sdk_client.look(server.base, "made-up", "s", "g", "c"), server.asked
        finally:
            server.shutdown()
            server.server_close()

    def test_a_connector_is_listed_over_all_pages_and_read(self):
        seen, asked = self.look({"id": f"{GROUP}/c", "name": "c", **ALL_PLANS})
        self.assertEqual(seen["listed"], [f"{GROUP}/c"] * 2)
        self.assertEqual(seen["connector"]["properties"], ALL_PLANS["properties"])
        self.assertEqual(seen["connector"]["name"], "c")
        self.assertEqual({token for _, token in asked}, {"Bearer made-up"})
        self.assertTrue(all("api-version=2024-08-01-preview" in path for path, _ in asked))

    def test_what_the_sdk_does_not_know_is_not_seen(self):
        seen, _ = self.look({"id": f"{GROUP}/c", "turbo": True, **ALL_PLANS})
        self.assertNotIn("turbo", seen["connector"])

    def test_what_it_cannot_decode_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "not a list"):
            self.look({"id": f"{GROUP}/c", "properties": {"offerings": "none"}})

    def test_a_token_leaves_this_machine_over_tls_only(self):
        with self.assertRaises(ServiceRequestError):
            sdk_client.look("http://management.invalid", "made-up", "s", "g", "c")


if __name__ == "__main__":
    unittest.main()
