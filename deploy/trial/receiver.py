"""A merchant's server for webhooks: prints the type and object of each event, and whether its signature is right.

receiver.py ADDRESS PORT SECRET_FILE
"""
import hashlib
import hmac
import http.server
import json
import sys

ADDRESS, PORT, SECRET_FILE = sys.argv[1:]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = dict(part.split("=", 1) for part in self.headers["X-Ardor-Signature"].split(","))
        with open(SECRET_FILE) as file:
            secret = file.read().strip().encode()
        expected = hmac.new(secret, signature["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        event = json.loads(body)
        right = hmac.compare_digest(expected, signature["v1"])
        print(event["type"], event["data"].get("id", "-"), "signed" if right else "FORGED", flush=True)
        self.send_response(200 if right else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.HTTPServer((ADDRESS, int(PORT)), Receiver).serve_forever()
