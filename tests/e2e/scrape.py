"""What a replica says of itself: its endpoints, and the series of /metrics."""

import collections
import re
import urllib.error
import urllib.request

SERIES = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="([^"]*)"')


def read(replica, path):
    """(HTTP status, text) of one endpoint.  OSError: it does not answer."""
    url = replica.url()
    if not url:
        raise OSError(f"{replica.name} does not listen yet")
    try:
        with urllib.request.urlopen(url + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def scrape(replica):
    return Metrics(read(replica, "/metrics")[1])


class Metrics:
    """`series` is [(name, {label: value}, number)]."""

    def __init__(self, text):
        self.series = [(name, dict(LABEL.findall(labels)), float(value))
                       for name, labels, value in SERIES.findall(text)]

    def by(self, name, label):
        """{value of the label: sum}, without zeros."""
        sums = collections.Counter()
        for series, labels, value in self.series:
            if series == name:
                sums[labels.get(label)] += value
        return {key: value for key, value in sums.items() if value}

    def sum(self, name, **wanted):
        return sum(value for series, labels, value in self.series
                   if series == name and wanted.items() <= labels.items())
