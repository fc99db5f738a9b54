"""`python -m tests.nearest [--list] [REVISION]`: lint, and run the tests nearest to what changed.

Changed is what differs from the merge base with REVISION (default: main), committed or not, and what git doesn't know
yet. A test file is near to a changed module by the length of the chain of imports between them; the nearest
`MOST` files run, and every test file that changed itself. To what is no module – a template, a style, a page of the
documentation – those tests are near that name its file, and those in the folder of tests named after its folder.
"""

import argparse
import ast
import subprocess
import sys
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 12  # test files: about a minute on two cores
SLOW = ("tests/browser/", "tests/real/", "tests/mutation/")  # only where they changed themselves


def main(arguments: list[str] | None = None) -> int:
    """Lint and test what changed; return the first exit code that is not 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.nearest", description=__doc__.splitlines()[0])
    parser.add_argument("revision", nargs="?", default="main", help="what it changed from (default: main)")
    parser.add_argument("--list", action="store_true", help="print the test files, run nothing")
    options = parser.parse_args(arguments)
    changed = changed_files(options.revision)
    tests = nearest(changed, sources())
    if options.list:
        print(*tests, sep="\n")
        return 0
    python = [path for path in changed if path.endswith(".py") and (ROOT / path).exists()]
    commands = [[sys.executable, "-m", "ruff", *how, *python] for how in (["check"], ["format", "--check"]) if python]
    commands += [[sys.executable, "-m", "pytest", "-n", "auto", "--dist", "worksteal", *tests]] if tests else []
    for command in commands:
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


def changed_files(revision: str) -> list[str]:
    """Return the paths that differ from the merge base with a revision, and those that git doesn't know yet."""
    known = _git("rev-parse", "--verify", "--quiet", revision)
    base = _git("merge-base", "HEAD", known[0] if known else "HEAD")[0]
    return sorted({*_git("diff", "--name-only", base), *_git("ls-files", "--others", "--exclude-standard")})


def sources() -> dict[str, str]:
    """Return the text of every Python file that git knows, or would not ignore, by its path."""
    names = _git("ls-files", "-co", "--exclude-standard", "*.py")
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names if (ROOT / name).exists()}


def nearest(changed: list[str], texts: dict[str, str], importers: dict[str, set[str]] | None = None) -> list[str]:
    """Return the test files to run: those that changed, then the nearest to everything else, at most `MOST`."""
    importers = importers_in(texts) if importers is None else importers
    own = [path for path in changed if _is_test(path) and path in texts]
    distances: dict[str, int] = {}
    for path in set(changed) - set(own):
        found = _chains(path, importers) if path.endswith(".py") else _naming(path, texts)
        for test, distance in found.items():
            distances[test] = min(distance, distances.get(test, distance))
    near = [test for test in distances if _is_test(test) and not test.startswith(SLOW) and test not in own]
    return own + sorted(near, key=lambda test: (distances[test], test))[:MOST]


def _chains(path: str, importers: dict[str, set[str]]) -> dict[str, int]:
    """Return how many imports lead from each file to a changed one."""
    found, waiting = {path: 0}, deque([path])
    while waiting:
        at = waiting.popleft()
        for importer in importers.get(at, ()):
            if importer not in found:
                found[importer] = found[at] + 1
                waiting.append(importer)
    return found


def _naming(path: str, texts: dict[str, str]) -> dict[str, int]:
    """Return the tests that name a file (1), or lie in the folder named as one of its own (2)."""
    file, folders = Path(path).name, set(Path(path).parts[:-1])
    found = {test: 2 for test in texts if set(Path(test).parts[1:-1]) & folders}
    return found | {test: 1 for test, text in texts.items() if file in text}


def importers_in(texts: dict[str, str]) -> dict[str, set[str]]:
    """Return for each file those that import it; a package's own file counts for all that is imported from it."""
    found: dict[str, set[str]] = {}
    for path, text in texts.items():
        for name in _imported(path, ast.parse(text)):
            for candidate in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
                if candidate in texts and candidate != path:
                    found.setdefault(candidate, set()).add(path)
    return found


def _imported(path: str, tree: ast.Module) -> set[str]:
    """Return the dotted names that a file imports, wherever in it, with those taken from a module as its parts."""
    package, found = list(Path(path).parts[:-1]), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            before = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*before, *([node.module] if node.module else [])])
            found |= {whole, *(f"{whole}.{alias.name}" for alias in node.names)}
    return found


def _is_test(path: str) -> bool:
    return path.startswith("tests/") and Path(path).name.startswith("test_") and path.endswith(".py")


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
