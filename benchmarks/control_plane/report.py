"""Figures: what was measured, against what floor, under which load; as a table and as JSON."""

import datetime
import json
import math
import os
import platform
import time


def percentile(values, percent):
    """Nearest rank: the smallest value that so many per cent of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent * len(ordered) / 100) - 1)]


def busy_now(interval=0.5):
    """Share of all processors that something uses, before we begin."""
    def read():
        with open("/proc/stat", encoding="ascii") as text:
            numbers = list(map(int, text.readline().split()[1:]))
        return sum(numbers), numbers[3] + numbers[4]
    total, idle = read()
    time.sleep(interval)
    total_after, idle_after = read()
    return 1 - (idle_after - idle) / max(1, total_after - total)


class Figure:
    """`better` is "more" or "less"; a bound is for the ratio to the floor if there is a floor, else for
    the value.  A value of inf is one of which only `above` is known: what it is more than."""

    def __init__(self, name, value, unit, floor=None, bound=None, better="more", note="", above=None):
        self.name, self.value, self.unit, self.floor = name, value, unit, floor
        self.bound, self.better, self.note, self.above = bound, better, note, above
        self.load = os.getloadavg()[0]

    @property
    def ratio(self):
        return self.value / self.floor if self.floor else None

    def judged(self):
        """What the bound is about."""
        return self.value if self.ratio is None else self.ratio

    def met(self):
        if self.bound is None:
            return None
        if self.better == "more":
            return self.judged() >= self.bound
        return self.judged() <= self.bound

    def data(self):
        """JSON has no inf: such a value is null."""
        return {"name": self.name, "value": finite(self.value), "unit": self.unit,
                "above": None if math.isfinite(self.value) else self.above,
                "floor": finite(self.floor), "ratio": finite(self.ratio),
                "bound": self.bound, "better": self.better, "met": self.met(),
                "load": round(self.load, 2), "note": self.note}

    def text(self):
        """Value and unit."""
        value = number(self.value) if math.isfinite(self.value) else f"> {number(self.above)}"
        return f"{value} {self.unit}".strip()


class Limit(Figure):
    """A bound on the value itself although there is a floor."""

    def judged(self):
        return self.value


class Report:
    def __init__(self, scale):
        self.scale = scale
        self.figures = []
        self.tables = {}  # title -> rows of strings, the first is the head
        self.failed = {}  # name of a benchmark -> why
        self.began = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self.busy_before = busy_now()
        self.load_before = os.getloadavg()

    def add(self, *figures):
        for figure in figures:
            self.figures.append(figure)
            print("  " + "  ".join(filter(None, _row(figure))), flush=True)

    def table(self, title, rows):
        self.tables[title] = rows

    def fail(self, name, why):
        self.failed[name] = why
        print(f"  {name} failed: {why}", flush=True)

    def text(self):
        lines = [f"scale {self.scale:g}; {os.cpu_count()} processors, {self.busy_before:.0%} of them "
                 f"busy before the start, load average {self.load_before[0]:.1f} then and "
                 f"{os.getloadavg()[0]:.1f} now", ""]
        head = ("FIGURE", "VALUE", "FLOOR", "RATIO", "BOUND", "LOAD", "NOTE")
        lines += aligned([head] + [_row(figure) for figure in self.figures])
        for title, rows in self.tables.items():
            lines += ["", title] + aligned(rows)
        lines += [f"{name} failed: {why}" for name, why in self.failed.items()]
        return "\n".join(lines)

    def write(self, path):
        body = {"scale": self.scale, "began": self.began, "processors": os.cpu_count(),
                "kernel": platform.release(), "busyBefore": round(self.busy_before, 3),
                "loadBefore": self.load_before, "loadAfter": os.getloadavg(),
                "figures": [figure.data() for figure in self.figures], "tables": self.tables,
                "failed": self.failed}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(body, indent=1, allow_nan=False) + "\n")


def aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in rows]


def finite(value):
    return value if value is None or math.isfinite(value) else None


def number(value):
    if value is None:
        return ""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _row(figure):
    sign = "≥" if figure.better == "more" else "≤"
    verdict = {None: "", True: " met", False: " MISSED"}[figure.met()]
    bound = "" if figure.bound is None else f"{sign} {number(figure.bound)}{verdict}"
    return (figure.name, figure.text(), number(figure.floor),
            "" if figure.ratio is None else f"{figure.ratio:.2f}", bound, f"{figure.load:.1f}",
            figure.note)
