#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for a Python package index: makes tiny wheels and serves them, plainly on 127.0.0.1 and over TLS on
localhost. What goes wrong is chosen by the first part of the path; see FAULTS.

    stand_in_index.py FOLDER

FOLDER gets the certificate (ca.pem), the key, requests.jsonl, a line for each request, and wheels/LIST/, the wheels of
each list. Prints an object with the addresses and, for each list, its pins as pip's requirement files have them; ends
with its standard input.
"""

import base64
import hashlib
import http.server
import io
import json
import os
import random
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile

FAULTS = {
    "json": "nothing; pages are JSON with sizes",
    "html": "nothing; pages are HTML with relative addresses and no sizes",
    "moved": "pages and files are redirected to where they are now",
    "cut": "100,000 bytes of each answer, then it hangs up",
    "slow": "200,000 bytes a second on each connection",
    "wrong": "one byte of each file is another",
    "missing": "404 for each project",
    "other": "pages without the pinned files",
    "nonsense": "JSON that is no page of an index",
    "private": "401 without the right name and password; files are on another host, which must not see them",
    "to-http": "files are at an address without encryption",
    "in-circles": "pages are redirected for ever",
    "busy": "503 for the first two requests of each path",
    "ill": "500 for ever",
    "no-size": "HTML, and files that say neither their length nor a range",
}
PASSWORD = "Basic " + base64.b64encode(b"me:s3cret/").decode()


def wheel(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            entry = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            entry.compress_type = method
            archive.writestr(entry, data)
    return out.getvalue()


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def other_length(data):
    """The same wheel, whose directory says that its first file is a byte shorter."""
    at = data.index(b"PK\x01\x02") + 24
    length = int.from_bytes(data[at:at + 4], "little")
    return data[:at] + (length - 1).to_bytes(4, "little") + data[at + 4:]


def make_lists():
    """By the list's name its wheels: project, version and bytes."""
    noise = random.Random(7)
    torch = [("torch/lib/libtorch_cpu.so", noise.randbytes(400_000)),
             ("torch/lib/libc10.so", b"c10" * 20_000),
             ("torch/lib/libtorch_cuda.so", noise.randbytes(1000)),
             ("torch/lib/libtorch_python.so", b"python"),
             ("torch/__init__.py", b"raise SystemExit"),
             ("torch/include/ATen/ATen.h", b"#error"),
             ("torch-2.0.0.dist-info/licenses/LICENSE", b"Be good.\n")]
    runtime = [("nvidia/cu13/lib/libcudart.so.13", noise.randbytes(150_000)),
               ("nvidia/cu13/lib/libcudart_static.a", b"!<arch>"),
               ("nvidia_cuda_runtime-13.0.dist-info/License.txt", b"Be better.\n")]
    runtime = ("nvidia-cuda-runtime", "13.0", wheel(runtime))
    whole = wheel(torch)
    hostile = {
        "dots": wheel(torch[:1] + [("torch/lib/../../../evil.so", b"evil")]),
        "absolute": wheel(torch[:1] + [("/tmp/easel-evil.so", b"evil")]),
        "backslash": wheel(torch[:1] + [("..\\evil.so", b"evil")]),
        "control": wheel(torch[:1] + [("torch/lib/a\nb.so", b"evil")]),
        "link": wheel(torch[:1] + [(link("torch/lib/libevil.so"), b"/etc/passwd")]),
        "truncated": whole[:-200],
        "no-zip": b"<!doctype html><title>Sign in</title>" * 100,
        "checksum": wheel(torch[:1], zipfile.ZIP_STORED).replace(torch[0][1][5000:5008], b"damaged!"),
        "length": other_length(whole),
    }
    lists = {"good": [("torch", "2.0.0", whole), runtime]}
    for name, data in hostile.items():
        lists[name] = [("torch", "2.0.0", data), runtime]
    return lists


def file_name(project, version):
    return f"{project.replace('-', '_')}-{version}-cp311-cp311-manylinux_2_28_x86_64.whl"


class State:
    def __init__(self, folder):
        self.folder = folder
        self.log = open(os.path.join(folder, "requests.jsonl"), "a", encoding="utf-8", buffering=1)
        self.lock = threading.Lock()
        self.seen = {}
        self.lists = make_lists()
        self.files = {}  # by their hashes
        self.pins = {}
        for name, wheels in self.lists.items():
            os.makedirs(os.path.join(folder, "wheels", name))
            lines = ["# A list."]
            for project, version, data in wheels:
                sha256 = hashlib.sha256(data).hexdigest()
                self.files[sha256] = (project, version, data)
                lines.append(f"{project}=={version} --hash=sha256:{sha256}")
                with open(os.path.join(folder, "wheels", name, file_name(project, version)), "wb") as file:
                    file.write(data)
            self.pins[name] = "\n".join(lines) + "\n"
        self.plain = self.encrypted = ""

    def times_seen(self, key):
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]

    def note(self, **fields):
        with self.lock:
            self.log.write(json.dumps(fields) + "\n")


class Index(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None
    own = ""  # address

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
        self.wfile.write(body)

    def do_GET(self):
        state = self.state
        given = self.headers.get("Authorization", "")
        state.note(path=self.path, host=self.headers.get("Host", ""), authorization=given,
                   range=self.headers.get("Range", ""), accept=self.headers.get("Accept", ""))
        fault, _, rest = self.path.strip("/").partition("/")
        if fault not in FAULTS:
            return self.answer(404)
        if fault == "busy" and state.times_seen(self.path) <= 2:
            return self.answer(503)
        if fault == "ill":
            return self.answer(500)
        if fault == "private" and given != PASSWORD:
            return self.answer(401)
        parts = rest.split("/")
        if parts[0] == "simple":
            return self.page(fault, parts[1])
        if parts[0] == "files":
            return self.file(fault, parts[1])
        return self.answer(404)

    def page(self, fault, project):
        if fault == "missing":
            return self.answer(404)
        if fault == "moved":
            return self.answer(301, Location=f"/json/simple/{project}/")
        if fault == "in-circles":
            return self.answer(301, Location=f"/in-circles/simple/{project}/")
        if fault == "nonsense":
            return self.answer(200, b"[]", Content_Type="application/vnd.pypi.simple.v1+json")
        files = [(sha256, *file) for sha256, file in self.state.files.items() if file[0] == project]
        if fault == "other":
            files = [(hashlib.sha256(sha256.encode()).hexdigest(), *rest) for sha256, *rest in files]
        if fault in ("html", "no-size"):
            return self.html(files)
        where = {"private": self.state.encrypted + "/json", "to-http": self.state.plain + "/json",
                 "json": self.own + "/moved"}.get(fault, self.own + "/" + fault)
        entries = [{"filename": file_name(project, version), "url": f"{where}/files/{sha256}?a=1&b=2",
                    "hashes": {"sha256": sha256}, "size": len(data)} for sha256, _, version, data in files]
        return self.answer(200, json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": entries}).encode(),
                           Content_Type="application/vnd.pypi.simple.v1+json")

    def html(self, files):
        lines = ["<!DOCTYPE html><html><head><title>Links</title></head><body><h1>Links</h1><abbr>x</abbr>",
                 '<a href="../../files/old#md5=d41d8cd98f00b204e9800998ecf8427e">old</a><br/>']
        for sha256, project, version, _ in files:
            lines.append(f"<A data-requires-python='&gt;=3.10' HREF='../../files/{sha256}?a=1&amp;b=2#sha256={sha256}'>"
                         f"{file_name(project, version)}</A><br/>")
        return self.answer(200, "\n".join(lines).encode(), Content_Type="text/html; charset=utf-8")

    def file(self, fault, name):
        sha256 = name.partition("?")[0]
        if sha256 not in self.state.files:
            return self.answer(404)
        data = self.state.files[sha256][2]
        if fault == "moved":
            return self.answer(302, Location=f"{self.own}/html/files/{sha256}")
        if fault == "wrong":
            data = data[:500] + bytes([data[500] ^ 1]) + data[501:]
        if fault == "no-size":
            self.answer(200, data, length="none", Connection="close")
            self.close_connection = True
            return None
        begin, end = 0, len(data)
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            begin, end = int(first), min(end, int(last) + 1 if last else end)
        fields = {"Content_Range": f"bytes {begin}-{end - 1}/{len(data)}"} if wanted else {}
        part = data[begin:end]
        if fault == "cut" and len(part) > 100_000:
            self.answer(206, part[:100_000], length=len(part), **fields)
            self.close_connection = True
        elif fault == "slow":
            self.answer(206, length=len(part), **fields)
            for at in range(0, len(part), 10_000):
                self.wfile.write(part[at:at + 10_000])
                time.sleep(0.05)
        else:
            self.answer(206 if wanted else 200, part, **fields)
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # who asks may hang up


def certificate(folder):
    paths = [os.path.join(folder, name) for name in ("ca.pem", "key.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=stand-in index", "-addext", "subjectAltName=DNS:localhost", "-out", paths[0], "-keyout", paths[1]],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return context


def main():
    folder = sys.argv[1]
    state = State(folder)
    Index.state = state
    plain = Server(("127.0.0.1", 0), type("Plain", (Index,), {}))
    encrypted = Server(("127.0.0.1", 0), type("Encrypted", (Index,), {}))
    # The handshake is made by the thread that answers, not by the one that accepts.
    encrypted.socket = certificate(folder).wrap_socket(encrypted.socket, server_side=True, do_handshake_on_connect=False)
    state.plain = f"http://127.0.0.1:{plain.server_address[1]}"
    state.encrypted = f"https://localhost:{encrypted.server_address[1]}"
    plain.RequestHandlerClass.own = state.plain
    encrypted.RequestHandlerClass.own = state.encrypted
    for server in (plain, encrypted):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"plain": state.plain, "encrypted": state.encrypted, "pins": state.pins}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
