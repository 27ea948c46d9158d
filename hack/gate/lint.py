"""Lint stages: clang-format, clang-tidy with clang's own warnings (thread safety among them), and
the scripts of tests/lint.

clang-tidy is the slow one, so a clean result is remembered in the cache under a hash of everything
it depends on: the file, the headers of ours it reaches, its flags, the configuration, and the
versions of the tool and of the libraries.  A result with findings is never remembered.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import re
import shlex
import subprocess

from .proc import Command

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SOURCE_DIRS = ("src", "include", "operator", "tests", "benchmarks")
TIDY_DIRS = ("src", "operator")
CLANG_WARNINGS = "clang-diagnostic-*"


class Lint:
    def __init__(self, root, logs, jobs, cache, tally):
        self._root = root
        self._logs = logs
        self._jobs = jobs
        self._cache = cache / "tidy"
        self._tally = tally

    def format(self):
        files = [path for folder in SOURCE_DIRS for path in (self._root / folder).rglob("*")
                 if path.suffix in (".h", ".cc")]
        command = Command(["clang-format", "--dry-run", "-Werror", *files],
                          self._logs / "clang-format.log")
        command.log.unlink(missing_ok=True)
        code = command.run()
        self._tally.check("clang-format", f"exit code {code}\n{command.tail()}" if code else "")

    def scripts(self):
        """Every tests/lint/check_*.py, given the root; each is one check."""
        for script in sorted((self._root / "tests" / "lint").glob("check_*.py")):
            command = Command(["python3", script, self._root], self._logs / f"{script.stem}.log",
                              cwd=self._root, limit=300)
            command.log.unlink(missing_ok=True)
            code = command.run()
            self._tally.check(f"lint {script.stem}",
                              f"exit code {code}\n{command.tail()}" if code else "")

    def tidy(self, preset="debug"):
        """clang-tidy over src/ and operator/ with the flags of a configured preset."""
        build = self._root / "build" / preset
        commands = json.loads((build / "compile_commands.json").read_text())
        chosen = [entry for entry in commands if self._relative(entry).startswith(
            tuple(f"{folder}/" for folder in TIDY_DIRS))]
        if not chosen:
            self._tally.failed("clang-tidy: no file to look at")
            return
        salt = self._salt()
        self._cache.mkdir(parents=True, exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(int(self._jobs)) as pool:
            results = list(pool.map(lambda entry: self._tidy_one(build, entry, salt), chosen))
        for entry, findings in zip(chosen, results):
            self._tally.check(f"clang-tidy {self._relative(entry)}", findings)

    def _tidy_one(self, build, entry, salt):
        mark = self._cache / self._key(entry, salt)
        if mark.exists():
            mark.touch()
            return ""
        done = subprocess.run(
            ["clang-tidy", "--quiet", f"--checks={CLANG_WARNINGS}", "-p", str(build),
             entry["file"]], text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            mark.touch()
            return ""
        return done.stdout + done.stderr

    def _key(self, entry, salt):
        digest = hashlib.sha256(salt)
        words = shlex.split(entry["command"])
        digest.update(" ".join(words).replace(str(self._root), ".").encode())
        folders = [pathlib.Path(word[2:]) for word in words
                   if word.startswith(f"-I{self._root}")]
        for path in sorted(self._reach(pathlib.Path(entry["file"]), folders)):
            digest.update(str(path.relative_to(self._root)).encode() + path.read_bytes())
        return digest.hexdigest()

    def _reach(self, start, folders):
        """The file and every file of ours that it includes by way of `folders`, directly or not."""
        seen, todo = set(), [start]
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            for name in INCLUDE.findall(path.read_text()):
                for base in (path.parent, *folders):
                    if (base / name).is_file():
                        todo.append((base / name).resolve())
                        break
        return seen

    def _salt(self):
        names = [line.split()[1] for line in (self._root / "hack/packages.txt").read_text()
                 .splitlines() if line.split() and not line.startswith("#")]
        versions = subprocess.run(["dpkg-query", "-W", *names], text=True, capture_output=True,
                                  check=False).stdout
        tool = subprocess.run(["clang-tidy", "--version"], text=True, capture_output=True,
                              check=True).stdout
        config = (self._root / ".clang-tidy").read_text()
        return "\0".join([versions, tool, config, CLANG_WARNINGS]).encode()

    def _relative(self, entry):
        return pathlib.Path(entry["file"]).relative_to(self._root).as_posix()
