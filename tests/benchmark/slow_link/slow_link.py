# SPDX-License-Identifier: Apache-2.0
"""slow_link.py [--build DIR] [--line MBIT,MS,PERCENT]...: how late the app is at the end of a slow line, from a server
that draws the test pattern. Each --line is a rate, a round trip and how many packets are lost each way; all are
measured one after another and printed beside each other. Needs root, for the line (link.py)."""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import link

PORT = 5000
STEP_MS = 200
QUICK_STEP_MS = 20
CUT_SECONDS = 30
STALL_SECONDS = 8
SINGLES = 20
PATIENCE = 300  # seconds; what takes longer has failed


class Lines(threading.Thread):
    """Reads a process's lines as they come, each with its time."""

    def __init__(self, process, take):
        super().__init__(daemon=True)
        self.process, self.take = process, take
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.take(time.monotonic(), line.rstrip("\n"))


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"slow_link: {what} did not come")
        time.sleep(0.01)


class Observer:
    """Follows all jobs beside the server, where nothing is late. Jobs are known by their prompts."""

    def __init__(self, host, key):
        self.known, self.steps, self.images, self.ended = {}, {}, {}, set()
        self._names, self._event = {}, ""
        self.process = subprocess.Popen(
            host.command("curl", "--silent", "--no-buffer", "--insecure", "--config", "-",
                         f"https://{host.address}:{PORT}/v1/events"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f'header = "Authorization: Bearer {key}"\n')
        self.process.stdin.close()
        Lines(self.process, self._take)

    def _take(self, now, line):
        field, _, value = line.partition(": ")
        if field == "event":
            self._event = value
        elif field == "data" and self._event in ("state", "done"):
            job = json.loads(value)
            name = self._names[job["id"]] = job["request"]["prompt"]
            self.known.setdefault(name, now)
            if self._event == "done":
                self.ended.add(name)
        elif field == "data" and self._event in ("progress", "image"):
            news = json.loads(value)
            name = self._names[news["job"]]
            if self._event == "image":
                self.images.setdefault(name, []).append((now, news["bytes"]))
            elif news["step"] > 0:
                self.steps.setdefault(name, {}).setdefault(news["step"], now)


class App:
    """The app at the other end, as it tells of itself."""

    def __init__(self, host, program, folder):
        self.first, self.steps, self.saved, self.links, self.failed = {}, {}, {}, [], []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            host.command(program, folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(folder))
        Lines(self.process, self._take)

    def _take(self, _, line):
        time_of, what, *words = line.split()
        now = int(time_of) / 1e9
        if what == "step":
            self.steps.setdefault(words[0], []).append((now, int(words[1])))
        elif what == "saved":
            self.saved.setdefault(words[0], []).append(now)
        elif what == "link":
            self.links.append((now, words[0]))
        elif what == "failed":
            self.failed.append(words)
        self.first.setdefault(" ".join([what, *words]), now)

    def since_start(self, what):
        wait_for(lambda: what in self.first, what)
        return self.first[what] - self.began

    def draw(self, edge, steps, count, name):
        self.process.stdin.write(f"draw {edge} {steps} {count} {name}\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def environment(folder):
    return dict(os.environ, QT_QPA_PLATFORM="offscreen", XDG_RUNTIME_DIR=str(folder))


class Run:
    """All measurements on one line."""

    def __init__(self, line, build, home):
        self.line, self.build, self.home = line, build, home
        self.figures = {}

    def server(self, *words):
        return self.line.server.command(self.build / "server/commands/easel-server", *words)

    @contextlib.contextmanager
    def serving(self, step_ms):
        """The server, which takes `step_ms` for a step; its data outlive it."""
        port = self.home / "port"
        port.unlink(missing_ok=True)
        with open(self.home / "server.log", "a", encoding="utf-8") as log:
            server = subprocess.Popen(
                self.server("serve", "--model", f"test-pattern:{step_ms}", "--tls", "--require-key", "--no-pull",
                            "--bind", self.line.server.address, "--port", str(PORT), "--data", self.home / "data",
                            "--port-file", port), stdout=log, stderr=log)
        try:
            wait_for(port.exists, "the server")
            yield
        finally:
            server.terminate()
            server.wait()

    @contextlib.contextmanager
    def observing(self):
        keys = (self.home / "app/keys.ini").read_text(encoding="utf-8")
        observer = Observer(self.line.server, keys.strip().rpartition("=")[2])
        try:
            yield observer
        finally:
            observer.process.terminate()
            observer.process.wait()

    def measure(self):
        (self.home / "app").mkdir(mode=0o700)
        program = self.build / "tests/benchmark/bench_slow_link"
        with contextlib.ExitStack() as ends:
            with self.serving(STEP_MS):
                code = subprocess.run(self.server("pair", "--data", self.home / "data"), check=True, text=True,
                                      capture_output=True)
                subprocess.run(self.line.client.command(program, self.home / "app", code.stdout.strip()), check=True,
                               env=environment(self.home / "app"), timeout=PATIENCE)
                with self.observing() as observer:
                    app = App(self.line.client, program, self.home / "app")
                    ends.callback(app.end)
                    self.starting(app)
                    self.single_jobs(app, observer)
                    self.many_jobs(app, observer)
                    self.cut(app, observer)
            with self.serving(QUICK_STEP_MS), self.observing() as observer:
                self.stall(app, observer)
        return self.figures

    def starting(self, app):
        self.figures["from start to window, s"] = app.since_start("shown")
        self.figures["from start to usable gallery, s"] = app.since_start("usable")
        self.figures["from start to connected, s"] = app.since_start("link Connected")

    def finish(self, app, observer, jobs):
        """Waits until their pictures are there."""
        def all_there():
            return all(len(app.saved.get(name, [])) == count for _, _, count, name in jobs)
        wait_for(lambda: all_there() or app.failed, "a picture")
        if app.failed:
            sys.exit(f"slow_link: failed: {app.failed}")
        wait_for(lambda: all(job[3] in observer.ended for job in jobs), "an end")

    def single_jobs(self, app, observer):
        """Each is asked for when the one before is there."""
        names = [f"single{i}" for i in range(SINGLES)]
        for name in names:
            app.draw(512, 10, 1, name)
            self.finish(app, observer, [(512, 10, 1, name)])
        self.lateness(app, observer, names, "single jobs")
        self.deliveries(app, observer, names, "512x512")

    def many_jobs(self, app, observer):
        """One is still being drawn while the large pictures of the others fill the line, and more are asked for."""
        large = [(1024, 2, 4, f"large{i}") for i in range(6)]
        jobs = [*large, (512, 100, 1, "long")]
        for job in jobs:
            app.draw(*job)
        names = [job[3] for job in jobs]
        wait_for(lambda: all(len(observer.images.get(name, [])) == 4 for name in names[:-1]), "the large pictures")
        asked = {}
        for i in range(8):
            asked[f"later{i}"] = time.monotonic()
            app.draw(256, 1, 1, f"later{i}")
            time.sleep(1)
        self.finish(app, observer, [*jobs, *((256, 1, 1, name) for name in asked)])
        self.figures["meanwhile, from asked for to handed in, ms"] = quantiles(
            [1000 * (observer.known[name] - was) for name, was in asked.items()])
        fetching = [span for name in names for span in zip((now for now, _ in observer.images[name]), app.saved[name])]
        self.lateness(app, observer, names, "seven jobs")
        self.lateness(app, observer, names, "while pictures are fetched", fetching)
        self.deliveries(app, observer, [job[3] for job in large], "24 of 1024x1024")

    def lateness(self, app, observer, names, title, spans=None):
        late = []
        for name in names:
            for step, was in observer.steps[name].items():
                if spans is not None and not any(begin <= was <= end for begin, end in spans):
                    continue
                shown = [now for now, seen in app.steps.get(name, []) if seen >= step]
                late.append(1000 * (min(shown, default=app.saved[name][-1]) - was))
        self.figures[f"progress late, ms: {title}"] = quantiles(late)

    def deliveries(self, app, observer, names, title):
        took = [1000 * (saved - made)
                for name in names for saved, (made, _) in zip(app.saved[name], observer.images[name])]
        self.figures[f"from made to saved, ms: {title}"] = quantiles(took)

    def cut(self, app, observer):
        """The line is cut in the middle of a picture."""
        app.draw(2048, 1, 1, "cut")
        wait_for(lambda: "cut" in observer.images, "the picture")
        size = observer.images["cut"][0][1]
        before = self.line.down.bytes
        wait_for(lambda: self.line.down.bytes - before > size / 2, "half of the picture")
        self.line.cut()
        time.sleep(CUT_SECONDS)
        self.line.cut(False)
        back = time.monotonic()
        wait_for(lambda: "cut" in app.saved, "the picture")
        self.figures[f"cut for {CUT_SECONDS} s: size of the picture, bytes"] = size
        self.figures[f"cut for {CUT_SECONDS} s: bytes to the app in all / size"] = (self.line.down.bytes - before) / size
        self.figures[f"cut for {CUT_SECONDS} s: from the line's return to saved, s"] = app.saved["cut"][0] - back

    def stall(self, app, observer):
        """Nothing comes through while a job is drawn in many quick steps; the connections outlive it."""
        app.draw(64, 100, 8, "stalled")
        wait_for(lambda: "stalled" in app.steps, "a step")
        time.sleep(2)
        self.line.cut()
        time.sleep(STALL_SECONDS)
        self.line.cut(False)
        before = self.line.down.bytes
        seen = len(app.steps["stalled"])
        wait_for(lambda: len(app.steps["stalled"]) > seen, "news")

        def is_current():
            now, step = app.steps["stalled"][-1]
            return now - observer.steps["stalled"].get(step, now - 1) < 1
        wait_for(is_current, "the newest step")
        news = app.steps["stalled"][seen:]
        self.figures[f"stalled for {STALL_SECONDS} s: from the first news to current ones, s"] = news[-1][0] - news[0][0]
        self.figures[f"stalled for {STALL_SECONDS} s: bytes until then"] = self.line.down.bytes - before
        self.finish(app, observer, [(64, 100, 8, "stalled")])


def quantiles(values):
    """The median, the 95th percentile, the most, and of how many."""
    cuts = statistics.quantiles(values, n=20, method="inclusive") if len(values) > 1 else values * 20
    return f"{statistics.median(values):.0f} / {cuts[-1]:.0f} / {max(values):.0f} ({len(values)})"


def text(figure):
    return figure if isinstance(figure, str) else f"{figure:.2f}" if isinstance(figure, float) else f"{figure:,}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default="build/release")
    parser.add_argument("--line", action="append", metavar="MBIT,MS,PERCENT")
    parser.add_argument("--congestion", default="cubic", help="the senders' congestion control, most systems' own")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("slow_link: needs root: it makes network namespaces and TUN devices")
    lines = [tuple(map(float, line.split(","))) for line in arguments.line or ["5,150,1", "5,0,0"]]
    titles = [f"{rate:g} Mbit/s, {delay:g} ms, {loss:g} %" for rate, delay, loss in lines]
    columns = []
    for title, (rate, delay, loss) in zip(titles, lines):
        print(f"measuring at {title}", file=sys.stderr)
        line = link.Line(rate * 1e6, delay / 1e3, loss / 100)
        try:
            for host in (line.server, line.client):
                host.use_congestion_control(arguments.congestion)
            with tempfile.TemporaryDirectory() as home:
                columns.append(Run(line, arguments.build.resolve(), pathlib.Path(home)).measure())
        finally:
            line.remove()
    width = max(map(len, columns[0]))
    print(f"{'median / 95th percentile / most (of how many)':{width}}", *(f"{title:>30}" for title in titles), sep=" | ")
    for name in columns[0]:
        print(f"{name:{width}}", *(f"{text(column[name]):>30}" for column in columns), sep=" | ")


if __name__ == "__main__":
    main()
