#!/usr/bin/env bash
# The quickstart with nothing but curl (and python3, which catches the webhook and proves its signature):
#
#     twh sandbox up
#     bash quickstart/quickstart.sh
set -euo pipefail

[ -n "${TWH_API_KEY:-}" ] || { exports=$(twh sandbox env) && eval "$exports"; }
ours=$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n' | tr '[:lower:]' '[:upper:]')   # a SKU is taken for ever once it is used
sku=TSHIRT-$ours shelf=SHELF-$ours
caught=$(mktemp -d)
trap 'kill "${receiver:-}" 2>/dev/null || true; rm -rf "$caught"' EXIT

api() { # METHOD PATH [BODY] [HEADER…]
    local method=$1 path=$2 body=${3:-}
    shift 2; (($#)) && shift
    curl -sS --fail-with-body -X "$method" "$TWH_BASE_URL/v1/$path" -H "Authorization: Bearer $TWH_API_KEY" \
        ${body:+-H 'Content-Type: application/json' -d "$body"} "${@/#/-H}"
}
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

api POST items "{\"sku\": \"$sku\", \"name\": \"T-shirt, medium\"}" >/dev/null
api POST locations "{\"code\": \"$shelf\", \"name\": \"The shelf by the door\"}" >/dev/null
echo "created an item and a location"

# What moves stock has an Idempotency-Key: sent again, it is answered again and recorded once.
move() { # KIND QUANTITY REFERENCE
    api POST movements "{\"kind\": \"$1\", \"reference\": {\"type\": \"order\", \"id\": \"$3\"},
        \"lines\": [{\"item\": \"$sku\", \"location\": \"$shelf\", \"quantity\": \"$2\"}]}" "Idempotency-Key: $ours-$1" >/dev/null
}
move receipt 12 PO-77
move issue 2 ORDER-1001
move issue 2 ORDER-1001   # the same key: nothing happens twice
echo "on the shelf: $(api GET "stock/$sku/$shelf" | field available)"

# A web server that takes one webhook and keeps it.
python3 - "$caught" <<'PYTHON' &
import pathlib, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

folder = pathlib.Path(sys.argv[1])

class Webhooks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            (folder / name).write_text(self.headers[name])
        (folder / "part").write_bytes(body)
        (folder / "part").rename(folder / "body")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Webhooks)
(folder / "part").write_text(str(server.server_port))
(folder / "part").rename(folder / "port")
server.handle_request()
PYTHON
receiver=$!
until [ -e "$caught/port" ]; do sleep 0.05; done

endpoint=$(api POST webhook-endpoints "{\"url\": \"http://127.0.0.1:$(cat "$caught/port")/webhooks\", \"kinds\": [\"entry.recorded\"]}")
move return 1 ORDER-1001
for _ in $(seq 400); do [ -e "$caught/body" ] && break; sleep 0.05; done

# The signature: HMAC-SHA256 over "id.timestamp.body" with the secret's bytes, as Standard Webhooks says.
python3 - "$caught" "$(field secret <<<"$endpoint")" <<'PYTHON'
import base64, hashlib, hmac, json, pathlib, sys

folder, secret = pathlib.Path(sys.argv[1]), base64.b64decode(sys.argv[2].removeprefix("whsec_"))
told = {name: (folder / name).read_text() for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
body = (folder / "body").read_bytes()
content = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + body
ours = "v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
assert any(hmac.compare_digest(ours, one) for one in told["webhook-signature"].split()), "this webhook is not ours"
print("a webhook arrived and its signature is right:", json.loads(body)["type"])
PYTHON

api DELETE "webhook-endpoints/$(field id <<<"$endpoint")"
echo "on the shelf: $(api GET "stock/$sku/$shelf" | field available)"
