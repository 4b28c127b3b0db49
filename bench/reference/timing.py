"""Times work as triton.testing.do_bench does, and so as the C# side does: warm-up, then repetitions for a given time, the second-level cache cleared before each."""

import time

ESTIMATE_RUNS = 5
MOST_REPETITIONS = 1000
FEWEST_REPETITIONS = 3
WARM_UP_SHARE = 0.25


def quantile(values, share):
    """Linear between neighbours."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def spread(values):
    """Median with the quantiles 0.2 and 0.8, in seconds."""
    return {"low": quantile(values, 0.2), "median": quantile(values, 0.5), "high": quantile(values, 0.8)}


class Timer:
    """Times closures on a device."""

    def __init__(self, torch, device, seconds, flush_bytes):
        self.torch = torch
        self.cuda = device == "cuda"
        self.seconds = seconds
        self.flushed = torch.empty(flush_bytes // 4, dtype=torch.int32, device=device)
        self.do_bench = self._triton() if self.cuda else None

    @property
    def method(self):
        """How time is measured, in words."""
        if not self.cuda:
            return "host clock"
        return "triton.testing.do_bench" if self.do_bench else "CUDA events, as triton.testing.do_bench"

    @staticmethod
    def _triton():
        # Its first use compiles a helper, which needs a C compiler and Python.h: a try shows whether they are there.
        try:
            from triton.testing import do_bench

            do_bench(lambda: None, warmup=1, rep=1)
        except Exception:  # whatever it is, events measure the same
            return None
        return do_bench

    def synchronize(self):
        if self.cuda:
            self.torch.cuda.synchronize()

    def measure(self, work):
        """Spread of a closure that has run before."""
        if self.do_bench:
            milliseconds = 1e3 * self.seconds
            low, median, high = self.do_bench(work, warmup=max(1, int(WARM_UP_SHARE * milliseconds)), rep=max(1, int(milliseconds)), quantiles=[0.2, 0.5, 0.8])
            return {"low": low * 1e-3, "median": median * 1e-3, "high": high * 1e-3}
        series = self._events if self.cuda else self._clock
        once = series(work, 1)[0]
        estimate = max(1e-7, sum(series(work, ESTIMATE_RUNS)) / ESTIMATE_RUNS if once < self.seconds else once)
        series(work, min(MOST_REPETITIONS, max(1, int(WARM_UP_SHARE * self.seconds / estimate))))
        return spread(series(work, min(MOST_REPETITIONS, max(FEWEST_REPETITIONS, int(self.seconds / estimate)))))

    def _events(self, work, repetitions):
        event = lambda: self.torch.cuda.Event(enable_timing=True)
        pairs = [(event(), event()) for _ in range(repetitions)]
        for first, last in pairs:
            self.flushed.zero_()
            first.record()
            work()
            last.record()
        self.torch.cuda.synchronize()
        return [first.elapsed_time(last) * 1e-3 for first, last in pairs]

    def _clock(self, work, repetitions):
        laps = []
        for _ in range(repetitions):
            self.flushed.zero_()
            start = time.perf_counter()
            work()
            laps.append(time.perf_counter() - start)
        return laps
