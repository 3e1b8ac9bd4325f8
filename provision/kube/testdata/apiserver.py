"""An API server that knows five answers, for a real kubectl: apiserver.py
ADDRESS PORT FILES CERTIFICATE KEY. What kubectl asks first (discovery), it
answers as Kubernetes does; lists come from files, under their own kinds."""

import http.server
import json
import ssl
import sys

address, port, files, certificate, key = sys.argv[1:]


def resource(name, kind, namespaced):
    return {"name": name, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}


def read(name, kind=None):
    with open(f"{files}/{name}.json") as f:
        doc = json.load(f)
    if kind:
        doc["kind"] = kind
    return doc


ANSWERS = {
    "/version": lambda: read("version")["serverVersion"],
    "/api": lambda: {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
    "/apis": lambda: {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": lambda: {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
        "resources": [resource("nodes", "Node", False), resource("pods", "Pod", True), resource("services", "Service", True)],
    },
    "/api/v1/nodes": lambda: read("nodes", "NodeList"),
    "/api/v1/namespaces/default/services/kubernetes": lambda: read("kubernetes"),
    "/api/v1/namespaces/kube-system/services?labelSelector=k8s-app%3Dkube-dns": lambda: read("dns", "ServiceList"),
    "/api/v1/namespaces/closup-smoke/pods?labelSelector=app%3Dclosup-smoke": lambda: read("smoke", "PodList"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path, _, query = self.path.partition("?")
        words = [w for w in query.split("&") if w and not w.startswith(("limit=", "timeout="))]
        answer = ANSWERS.get("?".join([path] + words))
        status, doc = (200, answer()) if answer else (404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(doc).encode())

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
