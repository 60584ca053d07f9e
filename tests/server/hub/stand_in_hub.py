#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the Hugging Face hub: speaks its protocol over TLS on localhost, and beside it a storage host on
127.0.0.1, which must never see a token, and a proxy in front of both for who wants one. What goes wrong is chosen by a repository's name; see FAULTS.

    stand_in_hub.py FOLDER MODEL

FOLDER gets the certificate (ca.pem), the key and requests.jsonl, a line for each request; MODEL is a folder in
diffusers' layout, whose files every repository has. Prints "HUB_PORT STORAGE_PORT PROXY_PORT" once it listens, and ends with its
standard input.
"""

import collections
import hashlib
import http.server
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

GOOD = "hf_good"
STRANGER = "hf_not_listed"  # a token that exists and has accepted nothing

# What each repository "test/NAME" does, beside being a good one.
FAULTS = {
    "tiny": "nothing",
    "cut": "the storage sends 100,000 bytes of each answer and hangs up",
    "cut-forever": "the storage hangs up before the first byte",
    "wrong-hash": "one byte of each weight file is another",
    "gated": "files only for those who have accepted the licence",
    "private": "401 without a code, but for the right token",
    "bad-token": "401 that says that the token is unknown",
    "disabled": "403: it was switched off",
    "busy": "429 with Retry-After: 1 for the first request of each path of the interface",
    "busy-for-long": "429 until an hour from now",
    "ill": "500 for ever",
    "ill-for-a-moment": "503 for the first two requests of each path",
    "expired": "the storage says 403 to the first request for each file",
    "stalled": "the storage sends a little and then nothing",
    "steady": "the storage sends a megabyte a second on each connection",
    "short": "the storage has less than was announced",
    "long": "the storage sends more than was announced",
    "two-sizes": "the head of a file announces another size than the list",
    "two-hashes": "the head of a file announces another hash than the list",
    "no-ranges": "the storage sends all of a file whatever is asked for",
    "to-http": "files are redirected to an address without encryption",
    "to-file": "files are redirected to file:///etc/passwd",
    "to-password": "files are redirected to an address with a name and password",
    "in-circles": "files are redirected for ever",
    "renamed": "the repository is called test/tiny now",
    "escape": "the list holds ../../evil",
    "huge": "a file of 15 TB is listed",
    "pickles": "the UNet is there only as a pickle",
    "checkpoint": "checkpoints of one file, no model_index.json",
    "empty": "nothing but a README.md",
    "other-family": "a pipeline with parts that the engine does not have",
    "variants": "plain and fp16 weights, and all that nobody needs",
    "sharded": "the UNet is in two pieces with an index",
    "missing-shard": "the same without the second piece",
    "paged": "the list comes in pages of three",
    "nonsense": "the list is a web page",
}


def model_files(folder):
    files = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read()
    files["README.md"] = b"---\nlicense: creativeml-openrail-m\ntags:\n- test\n---\n# A tiny model\n"
    return files


def files_of(name, model):
    files = dict(model)
    unet = "unet/diffusion_pytorch_model"
    weights = files[unet + ".safetensors"]
    if name == "pickles":
        files[unet + ".bin"] = files.pop(unet + ".safetensors")
    elif name == "checkpoint":
        files = {"model-v1.safetensors": weights, "model-v1.ckpt": weights, "README.md": files["README.md"]}
    elif name == "empty":
        files = {"README.md": files["README.md"]}
    elif name == "other-family":
        index = json.loads(files["model_index.json"])
        index["_class_name"] = "OtherPipeline"
        index["text_encoder_3"] = ["transformers", "T5EncoderModel"]
        files["model_index.json"] = json.dumps(index).encode()
    elif name == "variants":
        for stem in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model"):
            files[stem + ".fp16.safetensors"] = files[stem + ".safetensors"] + b" "
            files[stem + ".bin"] = b"\x80\x02pickle"
        files["text_encoder/pytorch_model.bin"] = b"\x80\x02pickle"
        files["text_encoder/flax_model.msgpack"] = b"flax"
        files["unet/model.onnx"] = b"onnx"
        files["safety_checker/config.json"] = b"{}"
        files["safety_checker/model.safetensors"] = b"checker"
        files["feature_extractor/preprocessor_config.json"] = b"{}"
        files["v1-5.ckpt"] = b"\x80\x02pickle"
        files["v1-5.safetensors"] = b"all in one"
        files["LICENSE.md"] = b"Be good.\n"
    elif name in ("sharded", "missing-shard"):
        del files[unet + ".safetensors"]
        pieces = [f"diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
        files["unet/" + pieces[0]] = weights[:1000]
        files["unet/diffusion_pytorch_model-00009-of-00009.safetensors"] = b"another's"
        if name == "sharded":
            files["unet/" + pieces[1]] = weights[1000:]
        index = {"metadata": {}, "weight_map": {"a": pieces[0], "b": pieces[1], "c": pieces[0]}}
        files[unet + ".safetensors.index.json"] = json.dumps(index).encode()
    return files


def is_lfs(path):
    return path.endswith((".safetensors", ".bin", ".ckpt", ".onnx", ".msgpack"))


def git_sha1(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def blob_of(path, data):
    return hashlib.sha256(data).hexdigest() if is_lfs(path) else git_sha1(data)


def commit_of(name):
    return hashlib.sha1(name.encode()).hexdigest()


class State:
    """What both hosts know."""

    def __init__(self, folder, model):
        self.log = open(os.path.join(folder, "requests.jsonl"), "a", encoding="utf-8", buffering=1)
        self.lock = threading.Lock()
        self.seen = collections.Counter()
        self.repositories = {name: files_of(name, model) for name in FAULTS}
        self.hub = self.storage = ""

    def times_seen(self, key):
        with self.lock:
            self.seen[key] += 1
            return self.seen[key]

    def note(self, **fields):
        with self.lock:
            self.log.write(json.dumps(fields) + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass  # who asks may hang up

    def answer(self, status, body=b"", length=None, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if length != "none":
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def hang_up(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()


class Hub(Handler):
    def do_GET(self):
        state = self.state
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        state.note(host="hub", method=self.command, path=self.path, token=bool(token),
                   range=self.headers.get("Range", ""), encoding=self.headers.get("Accept-Encoding", ""),
                   agent=self.headers.get("User-Agent", ""), at=time.monotonic())
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        if parts == ["api", "models"]:
            return self.search(urllib.parse.parse_qs(query), token)
        if parts[:2] == ["api", "models"] and len(parts) >= 6:
            name, what, revision = parts[3], parts[4], urllib.parse.unquote(parts[5])
            owner, rest = parts[2], None
        elif parts[:2] == ["api", "resolve-cache"]:
            owner, name, what, revision, rest = parts[3], parts[4], "cached", parts[5], "/".join(parts[6:])
        elif len(parts) >= 5 and parts[2] == "resolve":
            owner, name, what, revision, rest = parts[0], parts[1], "resolve", parts[3], "/".join(parts[4:])
        else:
            return self.answer(404)
        if owner != "test" or name not in FAULTS:
            if token:
                return self.answer(404, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
            return self.answer(401, X_Error_Message="Invalid username or password.")
        if self.refuse(name, token, path, is_file=rest is not None):
            return None
        if name == "renamed":
            return self.answer(307, Location=self.path.replace("/test/renamed/", "/test/tiny/"))
        commit = commit_of(name)
        if revision not in ("main", "refs/pr/1", "v1.0", commit):
            return self.answer(404, X_Error_Code="RevisionNotFound", X_Error_Message="Invalid rev id")
        if what == "revision":
            return self.answer_json({"id": f"test/{name}", "sha": commit, "private": False,
                                     "gated": "auto" if name == "gated" else False,
                                     "cardData": {"license": "creativeml-openrail-m"},
                                     "siblings": [{"rfilename": each} for each in state.repositories[name]]})
        if what == "tree":
            return self.tree(name, commit, urllib.parse.parse_qs(query))
        return self.file(name, commit, urllib.parse.unquote(rest), isCached=what == "cached")

    def search(self, query, token):
        words = query.get("search", [""])[0]
        if words == "ill":
            return self.answer(500)
        if words == "nonsense":
            return self.answer(200, b"<!doctype html><title>Sign in</title>", Content_Type="text/html")
        names = [name for name in FAULTS if words in name and (name != "private" or token == GOOD)]
        hits = [{"id": f"test/{name}", "downloads": 1000 - n, "gated": "auto" if name == "gated" else False,
                 "tags": ["diffusers", "license:creativeml-openrail-m"]} for n, name in enumerate(names)]
        return self.answer_json(hits[:int(query.get("limit", ["1000"])[0])] + [{"id": "no-owner"}, {"id": "../evil/x"}])

    def refuse(self, name, token, path, is_file):
        """What is refused before it is looked for."""
        times = self.state.times_seen((name, self.command, path)) if name.startswith(("busy", "ill")) else 0
        if name == "private" and token != GOOD:
            self.answer(401, X_Error_Message="Invalid username or password.")
        elif name == "bad-token":
            self.answer(401, X_Error_Message="Invalid credentials in Authorization header")
        elif name == "disabled":
            self.answer(403, X_Error_Message="Access to this resource is disabled.")
        elif name == "gated" and is_file and token == STRANGER:
            self.answer(403, X_Error_Code="GatedRepo", X_Error_Message="Access to model is restricted")
        elif name == "gated" and is_file and token != GOOD:
            self.answer(401, X_Error_Code="GatedRepo", X_Error_Message="Access to model is restricted")
        elif name == "busy" and times == 1 and not is_file:
            self.answer(429, Retry_After="1")
        elif name == "busy-for-long":
            self.answer(429, RateLimit='"resolvers";r=0;t=3600', RateLimit_Policy='"fixed window";q=5000;w=300')
        elif name == "ill":
            self.answer(500, X_Request_Id="Root=1-abc")
        elif name == "ill-for-a-moment" and times <= 2:
            self.answer(503)
        else:
            return False
        return True

    def answer_json(self, value, **fields):
        self.answer(200, json.dumps(value).encode(), Content_Type="application/json", **fields)

    def tree(self, name, commit, query):
        if name == "nonsense":
            return self.answer(200, b"<!doctype html><title>Sign in</title>", Content_Type="text/html")
        entries = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "unet"}]
        for path, data in sorted(self.state.repositories[name].items()):
            entry = {"type": "file", "oid": git_sha1(data), "size": len(data), "path": path}
            if is_lfs(path):
                entry["lfs"] = {"oid": blob_of(path, data), "size": len(data), "pointerSize": 134}
                entry["oid"] = "1" * 40
                entry["size"] = len(data)
                entry["xetHash"] = "f" * 64
            entries.append(entry)
        if name == "escape":
            entries.append({"type": "file", "oid": "0" * 40, "size": 3, "path": "../../evil"})
        if name == "huge":
            for entry in entries:
                if entry["path"] == "unet/diffusion_pytorch_model.safetensors":
                    entry["lfs"]["size"] = entry["size"] = 15 * 10**12
        fields = {}
        if name == "paged":
            begin = int(query.get("cursor", ["0"])[0])
            if begin + 3 < len(entries):
                fields["Link"] = (f"<{self.state.hub}/api/models/test/paged/tree/{commit}?recursive=true&expand=false"
                                  f'&cursor={begin + 3}>; rel="next"')
            entries = entries[begin:begin + 3]
        return self.answer_json(entries, **fields)

    def file(self, name, commit, path, isCached):
        data = self.state.repositories[name].get(path)
        if data is None:
            return self.answer(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
        blob = blob_of(path, data)
        if not is_lfs(path):
            # Small files are redirected once, within the hub.
            if not isCached:
                place = f"/api/resolve-cache/models/test/{name}/{commit}/{urllib.parse.quote(path)}"
                return self.answer(307, Location=place, X_Repo_Commit=commit, ETag=f'"{blob}"', X_Linked_Size=str(len(data)))
            return self.answer(200, data, ETag=f'W/"{blob}"', X_Repo_Commit=commit)
        place = {
            "to-http": f"http://127.0.0.1:1/{name}/{path}",
            "to-file": "file:///etc/passwd",
            "to-password": self.state.storage.replace("https://", "https://me:secret@") + f"/{name}/{path}",
            "in-circles": f"/test/in-circles/resolve/{commit}/{path}",
        }.get(name, f"{self.state.storage}/{name}/{urllib.parse.quote(path)}?signature={time.time_ns()}")
        size = len(data) + (1 if name == "two-sizes" else 15 * 10**12 - len(data) if name == "huge" else 0)
        shown = "a" * 64 if name == "two-hashes" else blob
        return self.answer(302, X_Repo_Commit=commit, X_Linked_Etag=f'"{shown}"', X_Linked_Size=str(size),
                           X_Xet_Hash="f" * 64, Location=place)


class Storage(Handler):
    def do_GET(self):
        state = self.state
        token = "Authorization" in self.headers
        path = urllib.parse.unquote(self.path.partition("?")[0]).strip("/")
        wanted = self.headers.get("Range", "")
        state.note(host="storage", method=self.command, path="/" + path, token=token, range=wanted, at=time.monotonic())
        if token:
            return self.answer(500, b"a token came to the storage host")
        name, _, path = path.partition("/")
        data = state.repositories[name][path]
        if name == "expired" and state.times_seen((name, path)) == 1:
            return self.answer(403, X_Error_Code="GatedRepo")
        if name == "cut-forever":
            return self.hang_up()
        if name == "wrong-hash":
            data = data[:50] + bytes([data[50] ^ 1]) + data[51:]
        if name == "short":
            data = data[:-1]
        if name == "long":
            self.answer(200, data + b"and more", length="none", Connection="close")
            return self.hang_up()
        begin, end = 0, len(data)
        is_part = wanted.startswith("bytes=") and name != "no-ranges"
        if is_part:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            begin, end = int(first), min(end, int(last) + 1 if last else end)
            if begin >= len(data):
                return self.answer(416, Content_Range=f"bytes */{len(data)}")
        fields = {"ETag": '"' + "f" * 64 + '"'}  # of another kind than the hub's
        if is_part:
            fields["Content_Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
        return self.send(name, 206 if is_part else 200, data[begin:end], fields)

    def send(self, name, status, data, fields):
        if name == "cut" and len(data) > 100_000:
            self.answer(status, data[:100_000], length=len(data), **fields)
            return self.hang_up()
        if name == "stalled":
            self.answer(status, data[:1000], length=len(data), **fields)
            self.wfile.flush()
            time.sleep(20)
            return self.hang_up()
        if name == "steady":
            self.answer(status, b"", length=len(data), **fields)
            for begin in range(0, len(data), 50_000):
                self.wfile.write(data[begin:begin + 50_000])
                time.sleep(0.05)
            return None
        return self.answer(status, data, **fields)


class Proxy(Handler):
    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        token = "Authorization" in self.headers or "Proxy-Authorization" in self.headers
        self.state.note(host="proxy", method="CONNECT", path="/" + host + "/", token=token, at=time.monotonic())
        with socket.create_connection((host, int(port))) as other:
            self.answer(200, length="none")
            ends = [self.connection, other]
            while ends:
                for end in select.select(ends, [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        ends = []
                        break
                    (other if end is self.connection else self.connection).sendall(data)
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # who asks may hang up


def certificate(folder):
    paths = [os.path.join(folder, name) for name in ("ca.pem", "key.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=stand-in hub", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0],
         "-keyout", paths[1]],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return context


def main():
    folder, model = sys.argv[1:3]
    context = certificate(folder)
    state = State(folder, model_files(model))
    Handler.state = state
    ports = []
    for handler, host in ((Hub, "localhost"), (Storage, "127.0.0.1")):
        server = Server(("127.0.0.1", 0), handler)
        # The handshake is made by the thread that answers, not by the one that accepts.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        ports.append(server.server_address[1])
        setattr(state, handler.__name__.lower(), f"https://{host}:{ports[-1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
    proxy = Server(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    print(*ports, proxy.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
