#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tunnel, as the app keeps it; the shell; and finding out where the laptop is."""
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import PROGRAM, CloudTest


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Tunnel(CloudTest):
    def setUp(self):
        super().setUp()
        self.up_works()

    def open(self, *words, stdin=subprocess.PIPE):
        process = subprocess.Popen(["bash", str(PROGRAM), "tunnel", "easel", "--project", "pictures-1", "--zone", "us-central1-a", "--json", *words],
                                   env=self.environment, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        event = json.loads(process.stdout.readline())
        self.assertEqual(event["event"], "tunnel", event)
        with open(self.folder / "tunnel.pid") as file:
            return process, event["port"], int(file.read())

    def ended(self, process, gcloud):
        process.wait(60)
        while is_alive(gcloud):  # CTest's time limit ends what hangs
            time.sleep(0.05)
        process.stdout.close()
        process.stderr.close()
        if process.stdin:
            process.stdin.close()

    def test_ends_with_its_program(self):
        process, port, gcloud = self.open("--port", "6123")
        self.assertEqual(port, 6123)
        self.assertTrue(is_alive(gcloud))
        process.stdin.close()
        self.ended(process, gcloud)
        self.assertEqual(process.returncode, 0)
        self.assertIn("--local-host-port=localhost:6123", self.commands("compute", "start-iap-tunnel")[0])

    def test_ends_when_it_is_told_to(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process, _, gcloud = self.open()
            process.send_signal(number)
            self.ended(process, gcloud)

    def test_ends_with_its_parent(self):
        """Also where nothing holds its input: the parent is a shell that is killed."""
        line = f'bash "{PROGRAM}" tunnel --json </dev/null & echo $!; wait'
        shell = subprocess.Popen(["bash", "-c", line], env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        program = int(shell.stdout.readline())
        self.assertEqual(json.loads(shell.stdout.readline())["event"], "tunnel")
        with open(self.folder / "tunnel.pid") as file:
            gcloud = int(file.read())
        shell.kill()
        shell.wait()
        while is_alive(gcloud) or is_alive(program):
            time.sleep(0.05)
        shell.stdout.close()

    def test_a_port_that_is_free(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            process, port, gcloud = self.open()
            self.assertNotEqual(port, taken.getsockname()[1])
            process.terminate()
            self.ended(process, gcloud)

    def test_nothing_listens_there_yet(self):
        self.set(tunnel="nothing listens")
        self.fails(self.easel("tunnel"), "not_ready", "Nothing listens at port 5000")

    def test_not_let_in(self):
        self.set(tunnel="forbidden")
        self.fails(self.easel("tunnel"), "no_permission", "iap.tunnelResourceAccessor")

    def test_it_breaks(self):
        self.set(tunnel="breaks")
        self.fails(self.easel("tunnel"), "network", "Connection reset")


class Home(CloudTest):
    def resolver(self, answer):
        """A name server on this computer that answers every question with `answer`."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            try:
                question, sender = server.recvfrom(512)
            except OSError:
                return
            self.question = question
            reply = question[:2] + b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00" + question[12:]
            reply += b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x3c" + (len(answer) + 1).to_bytes(2, "big") + bytes([len(answer)]) + answer
            server.sendto(reply, sender)

        threading.Thread(target=serve, daemon=True).start()
        self.environment["EASEL_GCP_RESOLVER"] = "127.0.0.1/%d" % server.getsockname()[1]

    def test_google_is_asked_where_this_computer_is(self):
        self.resolver(b"198.51.100.23")
        self.up_works("--public")
        self.assertIn(b"\x03o-o\x06myaddr\x01l\x06google\x03com\x00\x00\x10\x00\x01", self.question)
        self.assertEqual(self.world()["things"]["firewall rules"]["easel-home"]["ranges"], "198.51.100.23/32")

    def test_an_answer_that_is_no_address(self):
        self.resolver(b"$(reboot); 300.1.2")
        self.fails(self.up("--public"), "network", "--from ADDRESS")


class Shell(CloudTest):
    def test_a_command_on_the_machine(self):
        self.up_works()
        self.assertEqual(self.run_program("ssh", "--", "true").status, 0)
        call = self.commands("compute", "ssh")[-1]
        self.assertIn("--command=true", call)
        self.assertIn("--tunnel-through-iap", call)
        self.assertNotIn("--quiet", call)


if __name__ == "__main__":
    unittest.main()
