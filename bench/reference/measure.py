"""Measures the rows of rows.json, ours and PyTorch's by turns: row by row ours and eager, so that clocks and heat are alike; then torch.compile, which takes longest.

Writes what it has after every row: when its time is over, what was measured is there.
"""

import argparse
import gc
import json
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import common

SMALL_FLUSH_BYTES = 1 << 20
FULL_FLUSH_BYTES = 256 << 20
LONGEST_ROW = 60.0  # seconds that a row of ours, or a form of PyTorch's, may take
LONGEST_COMPILE = 90.0
CHUNKED_AGREEMENT = 1e-4


class OutOfTime(Exception):
    """A form took longer than it may."""


class OurProgram:
    """Our side as a process that answers the name of a row with a line of JSON."""

    def __init__(self, command, options):
        self.command = [*command, "bench", "--serve", *options]
        self.process = None
        self.answers = None

    def run(self, identifier, seconds):
        """The program's answer for a row."""
        if self.process is None:
            self._start()
        try:
            self.process.stdin.write(identifier + "\n")
            self.process.stdin.flush()
            line = self.answers.get(timeout=seconds)
        except queue.Empty:
            self.stop()
            return failed(f"no answer within {seconds:.0f} s")
        except OSError as error:
            self.stop()
            return failed(f"the program ended: {error}")
        if line is None:
            code = self.process.wait()
            self.stop()
            return failed(f"the program ended with code {code}")
        answer = json.loads(line)
        if answer["status"] == "failed":
            self.stop()  # a launch that failed leaves its CUDA context unusable
        return answer

    def stop(self):
        """Ends the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, self.answers), daemon=True).start()

    @staticmethod
    def _read(process, answers):
        for line in process.stdout:
            if line.startswith("{"):
                answers.put(line)
        answers.put(None)


class Peers:
    """PyTorch's side."""

    def __init__(self, torch, device, seconds, small):
        import peers
        import timing

        self.torch, self.device, self.small, self.peers = torch, device, small, peers
        self.timer = timing.Timer(torch, device, seconds, SMALL_FLUSH_BYTES if small else FULL_FLUSH_BYTES)

    def run(self, row, form, left, channels_last=False):
        """Times of a form; what it throws becomes its message. left: seconds that there are for everything."""
        limit = max(1.0, min(left, LONGEST_COMPILE if form == "compile" else LONGEST_ROW))
        try:
            with time_limit(limit):
                return self._measure(row, form, channels_last)
        except OutOfTime:
            return failed(f"took longer than {limit:.0f} s")
        except Exception as error:  # whatever PyTorch throws: the other forms are still measured
            return failed(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}")
        finally:
            gc.collect()
            if self.device == "cuda":
                self.torch.cuda.empty_cache()

    def warm_cache(self, row):
        """Compiles a row once, so that its kernels lie on the disk when it is measured."""
        self._build(row, "compile", False).full()
        self.timer.synchronize()

    def _build(self, row, form, channels_last):
        self.torch.manual_seed(1)
        return self.peers.build(row, common.sizes_of(row, self.small), self.device, form, channels_last)

    def _measure(self, row, form, channels_last):
        work = self._build(row, form, channels_last)
        work.full()
        self.timer.synchronize()
        result = {"status": "ok", "form": form}
        if form == "chunked":
            self._check_chunked(row, work)
        if self.device == "cuda":
            before = self.torch.cuda.memory_allocated()
            self.torch.cuda.reset_peak_memory_stats()
            work.full()
            self.torch.cuda.synchronize()
            result["peakBytes"] = self.torch.cuda.max_memory_allocated() - before
        result["full"] = self.timer.measure(work.full)
        if work.forward is not None:
            result["forward"] = self.timer.measure(work.forward)
            difference = max(0.0, result["full"]["median"] - result["forward"]["median"])
            result["backward"] = {"low": difference, "median": difference, "high": difference}
        return result

    def _check_chunked(self, row, work):
        composed = self._build(row, "eager", False)
        expected, actual = composed.forward().item(), work.forward().item()
        if not abs(actual - expected) <= CHUNKED_AGREEMENT * abs(expected):
            raise AssertionError(f"the loss by chunks is {actual}, composed {expected}")


def failed(message):
    """A row or form without figures."""
    return {"status": "failed", "message": message}


@contextmanager
def time_limit(seconds):
    """Raises OutOfTime in the block after so long."""

    def over(_signal, _frame):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def quicker(eager, other):
    """The eager form that counts."""
    both = [form for form in (eager, other) if form and form["status"] == "ok"]
    return min(both, key=lambda form: form["full"]["median"]) if both else eager


def in_order(rows):
    """Rows with a bar first, for the time may not suffice for all."""
    return [row for row in rows if "bars" in row] + [row for row in rows if "bars" not in row]


class Run:
    """A whole measurement."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.end = time.monotonic() + arguments.budget
        self.rows = [row for row in common.load_rows() if not arguments.rows or row["id"] in arguments.rows.split(",")]
        options = ["--device", arguments.device, "--seconds", str(arguments.seconds)] + (["--small"] if arguments.small else [])
        self.program = OurProgram(shlex.split(arguments.program), options)
        torch, self.no_peers = common.import_torch()
        self.device = "cuda" if arguments.device == "cuda" else "cpu"
        if torch is not None and self.device == "cuda" and not torch.cuda.is_available():
            torch, self.no_peers = None, "PyTorch sees no CUDA device"
        self.peers = Peers(torch, self.device, arguments.seconds, arguments.small) if torch is not None else None
        self.results = {row["id"]: {"id": row["id"], "peers": {}} for row in self.rows}

    def measure(self):
        """Ours and eager; then torch.compile, rows with a bar on it first, while there is time."""
        for row in in_order(self.rows):
            self._row(row)
            self._save()
        if self.peers is not None:
            for row in sorted(in_order(self.rows), key=lambda row: "compile" not in row.get("bars", {})):
                if "compile" in self.peers.peers.forms_of(row):
                    self._compile(row)
                    self._save()
        self.program.stop()
        return self._save()

    def warm_caches(self):
        """Compiles the rows that have a bar on torch.compile."""
        for row in self.rows if self.peers is not None else []:
            if "compile" in row.get("bars", {}) and self._left() > 0:
                try:
                    with time_limit(min(LONGEST_COMPILE, self._left())):
                        self.peers.warm_cache(row)
                    print(f"compiled {row['id']}", flush=True)
                except Exception as error:  # the measurement will say it again, in its row
                    print(f"not compiled {row['id']}: {type(error).__name__}", flush=True)

    def _left(self):
        return self.end - time.monotonic()

    def _row(self, row):
        result = self.results[row["id"]]
        if self._left() <= 0:
            result["ours"] = {"status": "skipped", "message": "out of time"}
            return
        result["ours"] = self.program.run(row["id"], max(1.0, min(LONGEST_ROW, self._left())))
        peers = result["peers"]
        if self.peers is None:
            peers["eager"] = {"status": "skipped", "message": self.no_peers}
        else:
            for form in self.peers.peers.forms_of(row):
                if form != "compile" and self._left() > 0:
                    peers[form] = self.peers.run(row, form, self._left())
        print(line_of(row, result), flush=True)

    def _compile(self, row):
        peers = self.results[row["id"]]["peers"]
        if self._left() <= 0:
            peers["compile"] = {"status": "skipped", "message": "out of time"}
            return
        best = quicker(peers.get("eager"), peers.get("eager channels-last"))
        peers["compile"] = self.peers.run(row, "compile", self._left(), channels_last=bool(best) and best.get("form") == "eager channels-last")
        print(line_of(row, {"ours": self.results[row["id"]]["ours"], "peers": {"compile": peers["compile"]}}), flush=True)

    def _save(self):
        outcome = {
            "device": self.arguments.device,
            "small": self.arguments.small,
            "peers": self.no_peers or f"PyTorch {self.peers.torch.__version__}, {self.peers.timer.method}",
            "rows": [self.results[row["id"]] for row in self.rows],
        }
        common.write_json(self.arguments.out, outcome)
        return outcome


def line_of(row, result):
    """A row for the log."""
    parts = []
    for name, figures in [("ours", result["ours"]), *result["peers"].items()]:
        parts.append(f"{name} {1e6 * figures['full']['median']:.1f}" if "full" in figures else f"{name}: {figures['status']}, {figures.get('message', '')}")
    return f"{row['id']}: {'; '.join(parts)} (microseconds)"


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="command that starts heteroakd-device")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", default="rows-measured.json")
    parser.add_argument("--budget", type=float, default=240, help="seconds for everything")
    parser.add_argument("--seconds", type=float, default=0.1, help="seconds that a row is measured")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--rows", default="", help="names of rows, separated by commas")
    parser.add_argument("--warm-caches", action="store_true", help="only compile what is measured later, in the background")
    return parser.parse_args(arguments)


def main(arguments):
    run = Run(parse(arguments))
    if run.arguments.warm_caches:
        run.warm_caches()
        return 0
    outcome = run.measure()
    bad = [row["id"] for row in outcome["rows"] if row["ours"]["status"] in ("failed", "wrong")]
    for identifier in bad:
        print(f"{identifier}: not measured or wrong", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
