#!/usr/bin/env python3
"""The documentation agrees with the tree: links lead somewhere, `make x` is a target, the tables of
reasons, of variables and of floors say what the code says, generated pages are up to date."""
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for title in re.findall(r"^#+ (.+)$", path.read_text(), re.M):
        word = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower()).replace(" ", "-")
        found.add(word)
    return found


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def broken_links(root, page):
    for target in LINK.findall(without_code(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        where = page.relative_to(root)
        if not path.exists():
            yield f"{where}: link to {target}, which is not there"
        elif anchor and path.suffix == ".md" and anchor not in anchors(path):
            yield f"{where}: {target}: no such heading"


def unknown_targets(root, page):
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.M))
    for name in re.findall(r"(?<![\w-])make ([a-z][a-z-]+)", page.read_text()):
        if name not in targets and re.search(rf"(`|^|\s\s)(IMAGE=\S+ )?make {name}\b",
                                             page.read_text(), re.M):
            yield f"{page.relative_to(root)}: `make {name}` is no target of the Makefile"


def listed_reasons(root):
    """Two lists of docs/reference/reasons.md: why a job waits, and how an attempt ended."""
    parts = (root / "docs/reference/reasons.md").read_text().split("\n## How an attempt ended\n")
    return [re.findall(r"^\| `(\w+)` \|", part, re.M) for part in parts]


def cause_words(root):
    """ReleaseCause to its word, by CauseWord."""
    text = (root / "operator/controllers/job/status.cc").read_text()
    return dict(re.findall(r'case api::ReleaseCause::k(\w+):\s+return "(\w+)";', text))


def reasons(root):
    """The words of sched::Reason and of CauseWord against docs/reference/reasons.md, order
    included."""
    header = (root / "include/muster/sched/reason.h").read_text()
    body = re.search(r"enum class Reason \{(.*?)\};", header, re.S).group(1)
    words = [re.findall(r"^\s*k(\w+),", body, re.M), list(cause_words(root).values())]
    for said, listed in zip(words, listed_reasons(root), strict=True):
        if said != listed:
            yield f"docs/reference/reasons.md lists {listed}, the code {said}"


def produced(root):
    """A reason that nothing can produce is not published: each is named outside its own list."""
    body = re.search(r"enum class Reason \{(.*?)\};",
                     (root / "include/muster/sched/reason.h").read_text(), re.S).group(1)
    text = "\n".join(path.read_text() for folder in ("src", "operator")
                     for path in sorted((root / folder).rglob("*.cc")) if path.name != "reason.cc")
    for word in re.findall(r"^\s*k(\w+),", body, re.M):
        if not re.search(rf"\bReason::k{word}\b|\"{word}\"", text):
            yield f"reason {word}: nothing in src or operator produces it"


def rules_reasons(root):
    """The rules of manifests/monitoring name only reasons that there are."""
    listed = set(listed_reasons(root)[0])
    rules = (root / "manifests/monitoring/rules.yaml").read_text()
    for words in re.findall(r'reason[=!]~?"([^"]*)"', rules):
        for word in set(words.split("|")) - listed:
            yield f"manifests/monitoring/rules.yaml names {word}, which is no reason"


def events(root):
    """Every event reason in the sources is in docs/reference/events.md, and the other way round."""
    page = (root / "docs/reference/events.md").read_text()
    listed = set()
    for cell in re.findall(r"^\| (`[^|]*`) \|", page, re.M):
        listed |= set(re.findall(r"`(\w+)`", cell))
    text = "\n".join(path.read_text() for path in (root / "operator").rglob("*.cc"))
    used = set(re.findall(r'\{?"(?:Normal|Warning)",\s*"(\w+)"', text))
    # EndAttempt makes an event of the cause's word where it has no case of its own.
    ends = re.search(r"\nvoid EndAttempt\(.*?\n\}",
                     (root / "operator/controllers/job/release.cc").read_text(), re.S).group(0)
    used |= {word for cause, word in cause_words(root).items() if f"::k{cause}:" not in ends}
    for word in sorted(used - listed):
        yield f"docs/reference/events.md does not list the event {word}"
    for word in sorted(listed):
        if f'"{word}"' not in text:
            yield f"docs/reference/events.md lists {word}, which no source names"


def variables(root):
    """What pods get against docs/reference/environment.md."""
    code = (root / "src/api/environment_json.cc").read_text()
    page = (root / "docs/reference/environment.md").read_text()
    given = set(re.findall(r'\{"([A-Z_]+)", ["\w]', code))
    rows = "".join(re.findall(r"^\|([^|]*)\|", page, re.M))
    for name in sorted(given ^ set(re.findall(r"`([A-Z_]+)`", rows))):
        yield f"docs/reference/environment.md and src/api/environment_json.cc differ about {name}"


def floors(root):
    """The table of docs/architecture.md against the DEPS of CMake."""
    page = (root / "docs/architecture.md").read_text()
    rows = dict(re.findall(r"^\| \d \| (\w+) \|[^|]*\| ([^|]*?) \|", page, re.M))
    for path in sorted(root.glob("src/*/sources.cmake")):
        for name, args in re.findall(r"^muster_library\((\w+)([^)]*)\)", path.read_text(), re.M):
            found = re.search(r"\bDEPS((?:\s+[a-z_]+)+)", args)
            deps = sorted(found.group(1).split()) if found else []
            said = sorted(word for word in rows.get(name, "").split() if word.isalpha()
                          and word != "none")
            if name not in rows:
                yield f"docs/architecture.md has no row for {name}"
            elif said != deps:
                yield f"docs/architecture.md: {name} sees {said}, CMake says {deps}"


def generated(root):
    done = subprocess.run([sys.executable, "hack/gen-docs.py", "--check"], cwd=root, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        yield (done.stdout + done.stderr).strip()


def main(root):
    root = root.resolve()
    pages = sorted(root.glob("*.md")) + sorted((root / "docs").rglob("*.md"))
    bad = [text for page in pages for check in (broken_links, unknown_targets)
           for text in check(root, page)]
    for check in (reasons, produced, rules_reasons, events, variables, floors, generated):
        bad += check(root)
    print("\n".join(bad) if bad else f"docs ok: {len(pages)} pages")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
