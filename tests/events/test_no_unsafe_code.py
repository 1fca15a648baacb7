from __future__ import annotations

import ast
from pathlib import Path

import pytest

import streams

PACKAGE = Path(streams.__file__).parent
#: The benchmark's peer that does as tutorials do, with its own rows. Nothing else may import it.
PEER = PACKAGE / "sandbox/bench/peers/faust_pickled.py"
#: A test of the pages compiles their programs, to see that they parse.
TESTS = [
    path
    for path in Path(__file__).parents[1].rglob("*.py")
    if path.name not in {"test_programs.py", Path(__file__).name}
]
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
CALLS = {"eval", "exec", "compile", "__import__"}
YAML = {"load", "load_all", "full_load", "unsafe_load", "unsafe_load_all"}


def unsafe(source: str) -> list[str]:
    """Every place that would run, or build objects from, what somebody else wrote: line and what it is."""
    return [f"{node.lineno}: {name}" for node in ast.walk(ast.parse(source)) for name in names(node)]  # type: ignore[attr-defined] # named nodes have lines


def names(node: ast.AST) -> list[str]:
    """What is unsafe in one node."""
    match node:
        case ast.Import(names=aliases):
            return [a.name for a in aliases if a.name.split(".")[0] in MODULES]
        case ast.ImportFrom(module=str(module)):
            return [module] if module.split(".")[0] in MODULES else []
        case ast.Call(func=ast.Name(id=name)):
            return [name] if name in CALLS else []
        case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr=name)):
            return [f"yaml.{name}"] if name in YAML else []
        case _:
            return []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_nothing_runs_foreign_input(path: Path) -> None:
    """No pickle, eval, exec or unsafe YAML anywhere in the package."""
    found = unsafe(path.read_text())
    assert [what.split(": ")[1] for what in found] == (["pickle"] if path == PEER else [])


def test_nobody_imports_the_peer() -> None:
    """It runs in a process of its own, by name."""
    importers = [path for path in PACKAGE.rglob("*.py") if "import faust_pickled" in path.read_text()]
    assert importers == []


def test_nor_do_the_tests() -> None:
    """What tests do is done to files that a test run may have fetched or made."""
    assert {path.name: found for path in TESTS if (found := unsafe(path.read_text()))} == {}


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from pickle import loads", "import os, shelve", "eval('1')", "exec(x)", "yaml.load(text)"],
)
def test_the_search_finds_it(source: str) -> None:
    """The check itself can fail."""
    assert unsafe(source)


def test_the_search_leaves_the_harmless_alone() -> None:
    """Compiling a regular expression and loading YAML safely are fine."""
    assert unsafe("import re\nre.compile('x')\nyaml.safe_load(text)\nmodel.eval()\n") == []
