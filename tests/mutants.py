"""How many careless changes the tests notice: ``make mutants``.

Changes one place of the library at a time, in a copy of the tree, and runs the tests of its stage.
A change that no test notices lives; it is printed, so that somebody can write the missing test. The
kinds of change are those of a careless edit (:data:`KINDS`). By their documentation, the tools that
are made for this do not fit: mutmut wraps every function, which changes what numba compiles and what
our code digests read; cosmic-ray has no swapped labels, no dropped keywords and no seeded sample.
"""

import argparse
import ast
import dataclasses
import difflib
import importlib
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = "workflow/catsight"
#: Stage -> rooms of the library, and the tests that should notice a change in them.
STAGES = {
    "frames": (("frames", "inputs"), ("tests/frames", "tests/inputs")),
    "views": (("views",), ("tests/views",)),
    "features": (("features",), ("tests/features",)),
    "metrics": (("metrics",), ("tests/metrics",)),
    "specs": (
        ("study", "tables", "run"),
        ("tests/study", "tests/tables", "tests/run", "tests/faults/test_malformed.py"),
    ),
    "figures": (("figures", "look"), ("tests/figures", "tests/look")),
    "rules": (("../rules", "../../Snakefile"), ("tests/workflow/test_plan.py",)),
}
#: Kind -> what is changed.
KINDS = {
    "comparison": "< for <=, == for !=, in for not in",
    "arithmetic": "+ for -, * for /",
    "logic": "and for or, not dropped",
    "number": "a whole number one larger, another number doubled",
    "flag": "True for False",
    "keyword": "a keyword argument dropped",
    "arguments": "two neighbouring arguments swapped",
    "wrapper": "sorted(x), abs(x), clip(x, …) and the like dropped",
    "parameter": "another parameter of the function",
    "order": "two neighbours in a list or tuple swapped",
    "element": "an element of a list, set or mapping dropped",
    "key": "another key or column of the same module",
    "text": "the last word of a text lost",
    "placeholder": "a value lost from a text",
    "statement": "a call or an assignment lost",
    "guard": "an `if` that raises, returns or continues lost",
    "seed": "0 for a seed",
    "sister": "min for max, low for high, width for height, train for eval",
    "rule": "a line of a rule lost: an input, a constraint, a parameter, an option of its command",
}
_COMPARED = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}  # fmt: skip
_COMPUTED = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"), ast.Pow: ("**", "*"), ast.Mod: ("%", "*"),
}  # fmt: skip
_WRAPPERS = {
    "sorted", "reversed", "abs", "clip", "sqrt", "round", "maximum", "minimum", "max", "min", "log", "float64",
    "nan_to_num", "ascontiguousarray", "exp", "square", "escape",
}  # fmt: skip
_SISTERS = [
    ("min", "max"), ("minimum", "maximum"), ("any", "all"), ("floor", "ceil"), ("cos", "sin"), ("mean", "median"),
    ("ci_low", "ci_high"), ("low", "high"), ("width", "height"), ("rows", "columns"), ("left", "right"), ("eval", "train"),
    ("argmin", "argmax"), ("first", "last"), ("along", "across"), ("set_xlabel", "set_ylabel"), ("axhline", "axvline"),
    ("n_frames", "n_groups"), ("mean", "std"), ("n_rows", "n_columns"), ("lower", "upper"), ("startswith", "endswith"),
]  # fmt: skip
_SISTER = {a: b for pair in _SISTERS for a, b in (pair, pair[::-1])}
#: Functions whose arguments may change places, or whose types rule it out.
_ANY_ORDER = {
    "min", "max", "minimum", "maximum", "hypot", "allclose", "isinstance", "cast", "getattr", "hasattr", "TypeVar",
}  # fmt: skip
#: Arguments that only place things on a page or give them a size; the pictures are looked at instead.
_LAYOUT = {
    "figsize", "fontsize", "size", "linewidth", "linewidths", "lw", "alpha", "pad", "markersize", "ms", "s", "zorder",
    "width_ratios", "height_ratios", "wspace", "hspace", "top", "bottom", "labelpad", "capsize", "xytext", "bbox_to_anchor",
    "handlelength", "handletextpad", "columnspacing", "borderaxespad", "borderpad", "labelspacing", "elinewidth", "length",
    "x", "y", "ha", "va", "rotation", "loc", "transform", "textcoords", "linespacing", "fraction", "aspect", "dpi",
}  # fmt: skip
#: Smaller numbers guard against rounding or division by zero; twice as much is as good.
_GUARDS = 1e-6


#: What is said of a change that no test notices, and the file that pytest writes to.
ALIVE, _SAID = "ALIVE ", "said.txt"
_LATER = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """The text from ``start`` to ``end`` of a file is replaced by ``new``."""

    path: str
    kind: str
    start: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]


class Finder(ast.NodeVisitor):
    """Collects every change of the kinds above that a module allows."""

    def __init__(self, path: str, text: str):
        self.path, self.text, self.found = path, text, list[Mutant]()
        # ast counts columns in bytes
        lines = text.splitlines(keepends=True)
        self.lines = [line.encode() for line in lines]
        self.starts = [0, *itertools.accumulate(map(len, lines))]
        self.parameters: list[str] = []
        tree = ast.parse(text)
        self.keys = sorted({
            node.slice.value for node in ast.walk(tree)
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
        })  # fmt: skip
        self.visit(tree)

    def at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1][:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def add(self, kind: str, start: int, end: int, new: str) -> None:
        if self.text[start:end] != new:
            self.found.append(Mutant(self.path, kind, start, end, new))

    def replace(self, kind: str, node: ast.AST, new: str) -> None:
        self.add(kind, *self.span(node), new)

    def swap(self, kind: str, nodes: list) -> None:
        for one, other in itertools.pairwise(nodes):
            start, end = self.span(one)[0], self.span(other)[1]
            between = self.text[self.span(one)[1] : self.span(other)[0]]
            self.add(kind, start, end, self.source(other) + between + self.source(one))

    def drop(self, kind: str, spans: list[tuple[int, int]]) -> None:
        """Drops one of several elements, with the comma after or before it."""
        for i, (start, end) in enumerate(spans):
            if i + 1 < len(spans):
                self.add(kind, start, spans[i + 1][0], "")
            elif i:
                self.add(kind, spans[i - 1][1], end, "")

    def operator(self, kind: str, left: ast.AST, right: ast.AST, words: tuple[str, str]) -> None:
        start, end = self.span(left)[1], self.span(right)[0]
        place = self.text.find(words[0], start, end)
        if place >= 0:
            self.add(kind, place, place + len(words[0]), words[1])

    # -- what is not changed: documentation, types, imports, layout

    def visit_keyword(self, node: ast.keyword) -> None:
        if not ("/figures/" in self.path and node.arg in _LAYOUT):
            self.visit(node.value)

    def visit_body(self, body: list[ast.stmt]) -> None:
        for node in body:
            documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not documents and not isinstance(node, ast.Import | ast.ImportFrom):
                self.visit(node)

    def visit_Module(self, node: ast.Module) -> None:
        self.visit_body(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.visit_body(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, names = (
            self.parameters,
            node.args.posonlyargs + node.args.args + node.args.kwonlyargs,
        )
        self.parameters = [name.arg for name in names if name.arg not in ("self", "cls")]
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        self.visit_body(node.body)
        self.parameters = before

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    # -- what is changed

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, kind, right in zip([node.left, *node.comparators], node.ops, node.comparators):
            self.operator("comparison", left, right, _COMPARED[type(kind)])
            if isinstance(kind, ast.In | ast.NotIn) and isinstance(right, ast.Tuple | ast.List):
                for one in right.elts:  # in any order
                    self.visit(one)
            else:
                self.visit(right)
        self.visit(node.left)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        words = any(isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
                    for side in (node.left, node.right))  # fmt: skip
        if type(node.op) in _COMPUTED and not words:
            self.operator("arithmetic", node.left, node.right, _COMPUTED[type(node.op)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        pair = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in itertools.pairwise(node.values):
            self.operator("logic", left, right, pair)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.replace("logic", node, self.source(node.operand))
        elif isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            self.replace("arithmetic", node, self.source(node.operand))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.replace("flag", node, str(not value))
        elif isinstance(value, int):
            self.replace("number", node, str(value + 1))
        elif isinstance(value, float) and abs(value) > _GUARDS:
            self.replace("number", node, repr(value * 2))
        elif isinstance(value, str) and " " in value.strip() and "\n" not in value:
            self.text_of(node)

    def text_of(self, node: ast.AST) -> None:
        start, end = self.span(node)
        inside = self.text[start:end]
        last = re.search(r" [^ \"'{}\n]+(?=[\"'])", inside)
        if last:
            self.add("text", start + last.start(), start + last.end(), "")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        # before Python 3.12, ast says of a value in a text only where the whole text is
        start = self.span(node)[0]
        for found in re.finditer(r"\{[^{}\n]+\}", self.source(node)):
            self.add("placeholder", start + found.start(), start + found.end(), "")

    def visit_Raise(self, node: ast.Raise) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.JoinedStr):
                self.visit_JoinedStr(part)

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        simple = [one for one in node.args if not isinstance(one, ast.Starred)]
        if name not in _ANY_ORDER:
            self.swap("arguments", simple)
        keywords = [one for one in node.keywords if one.arg]
        spans = [self.span(one) for one in [*node.args, *node.keywords]]
        if len(spans) > 1 and name not in ("Field", "add_argument"):
            for i, one in enumerate([*node.args, *node.keywords]):
                layout = "/figures/" in self.path and getattr(one, "arg", "") in _LAYOUT
                if one in keywords and i and not layout:
                    self.add("keyword", spans[i - 1][1], spans[i][1], "")
        if name in _WRAPPERS and node.args:
            self.replace("wrapper", node, f"({self.source(node.args[0])})")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            return
        if "seed" in node.id:
            self.replace("seed", node, "0")
        elif node.id in self.parameters and len(self.parameters) > 1:
            place = self.parameters.index(node.id)
            self.replace("parameter", node, self.parameters[place - 1])
        if node.id in _SISTER:
            self.replace("sister", node, _SISTER[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        end = self.span(node)[1]
        if isinstance(node.ctx, ast.Load) and node.attr in _SISTER:
            self.add("sister", end - len(node.attr), end, _SISTER[node.attr])
        if isinstance(node.ctx, ast.Load) and "seed" in node.attr:
            self.replace("seed", node, "0")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and len(self.keys) > 1:
            other = self.keys[self.keys.index(key.value) - 1]
            self.replace("key", key, repr(_SISTER.get(key.value, other)))
        self.generic_visit(node)

    def visit_List(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            return
        if not isinstance(node, ast.Set):
            self.swap("order", node.elts)
        if len(node.elts) > 1 and not isinstance(node, ast.Tuple):
            self.drop("element", [self.span(one) for one in node.elts])
        self.generic_visit(node)

    visit_Tuple = visit_Set = visit_List

    def visit_Dict(self, node: ast.Dict) -> None:
        pairs = [(key, value) for key, value in zip(node.keys, node.values) if key]
        if len(pairs) == len(node.keys) > 1:
            self.drop("element", [(self.span(k)[0], self.span(v)[1]) for k, v in pairs])
            self.swap("order", node.values)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.replace("statement", node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Attribute | ast.Subscript):
            self.replace("statement", node, "pass")
        if not any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.replace("statement", node, "pass")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        leaves = isinstance(node.body[-1], ast.Raise | ast.Return | ast.Continue)
        if "TYPE_CHECKING" in self.source(node.test):
            return
        if leaves and not node.orelse:
            self.replace("guard", node.test, "False")
        self.generic_visit(node)


def of_rules(path: str, text: str) -> list[Mutant]:
    """Every line that can be lost of a rule's parts or of a list, and every option of a command."""
    lost = r"(?m)^( {4}| {8})(?!\")[^ \n].*,\n|^ {4}(localrule|threads): .*\n|^ {4}conda:\n.*\n"
    option = r" --[\w-]+ \{[^{}]+\}|(?<= )\{params\.\w+\}"
    found = [
        Mutant(path, "rule", one.start(), one.end(), "")
        for pattern in (lost, option)
        for one in re.finditer(pattern, text)
    ]
    return [mutant for mutant in found if compiles_as_rules(mutant, text)]


def compiles_as_rules(mutant: Mutant, text: str) -> bool:
    """Whether brackets still match, and the part of the rule keeps a line."""
    new = mutant.apply(text)
    empty = re.search(
        r"(?m)^    (input|output|params|resources|wildcard_constraints):\n(?! {8})", new
    )
    dropped = text[mutant.start : mutant.end]
    return not empty and all(dropped.count(a) == dropped.count(b) for a, b in ("()", "[]", "{}"))


def mutants_of(stage: str, only: str) -> dict[str, list[Mutant]]:
    """Path -> all changes of a stage's modules whose path contains ``only``."""
    found = {}
    for room in STAGES[stage][0]:
        place = (ROOT / LIBRARY / room).resolve()
        paths = [place] if place.is_file() else [*place.rglob("*.py"), *place.rglob("*.smk")]
        for path in sorted(paths):
            name, text = str(path.relative_to(ROOT)), path.read_text()
            if only in name:
                new = Finder(name, text).found if path.suffix == ".py" else of_rules(name, text)
                found[name] = list(dict.fromkeys(new))
    return {name: some for name, some in found.items() if some}


def compiles(mutant: Mutant, text: str) -> bool:
    """Whether Python can read the changed module, and reads something else than before."""
    if not mutant.path.endswith(".py"):
        return True
    try:
        before, after = (ast.dump(ast.parse(one)) for one in (text, mutant.apply(text)))
    except SyntaxError:
        return False
    return before != after


def sample(stage: str, count: int, seed: int, only: str = "") -> list[Mutant]:
    """A module by its number of places, then a kind, then a place: no kind crowds out the others."""
    draw, pool, taken = random.Random(f"{seed} {stage}"), mutants_of(stage, only), []
    while len(taken) < count and pool:
        path = draw.choices(list(pool), [len(some) for some in pool.values()])[0]
        kind = draw.choice(sorted({mutant.kind for mutant in pool[path]}))
        mutant = draw.choice([mutant for mutant in pool[path] if mutant.kind == kind])
        pool[path].remove(mutant)
        if compiles(mutant, (ROOT / path).read_text()):
            taken.append(mutant)
        if not pool[path]:
            del pool[path]
    return taken


# -- running the tests -----------------------------------------------------------------------------


def copy(folder: Path) -> Path:
    """A copy of the tracked files, and of new ones that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def test(folder: Path, stage: str, path: str) -> int:
    """Starts the stage's tests in a copy, those named after the module first; the process id.

    In a fork, which has the large libraries loaded already: importing them takes longer than most
    tests.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        os.chdir(folder)
        said = os.open(_SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115
        library = str(folder / "workflow")
        os.environ |= {"PYTHONPATH": library, "PYTHONWARNINGS": "ignore"}
        sys.path.insert(0, library)
        tests = STAGES[stage][1]
        named = [str(found) for found in sorted(Path("tests").rglob(f"test_{Path(path).stem}.py"))]
        first = [name for name in named if name.startswith(tests)]
        options = ["-q", "-x", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-m", "not slow"]
        code = pytest.main([*options, *first, *tests])
        sys.stdout.flush()
        os._exit(code)
    finally:
        os._exit(99)


def answer(folder: Path, code: int) -> str:
    """``alive`` if all tests passed, else which failed first."""
    if code == 0:
        return ALIVE
    failed = re.search(r"(?m)^(?:FAILED|ERROR) (.+?)(?: - .*)?$", (folder / _SAID).read_text())
    return failed[1] if failed else f"the end of pytest, with {code}"


@dataclasses.dataclass
class Trial:
    """A copy of the tree in which a change is tried."""

    folder: Path
    mutant: Mutant
    stage: str
    patience: float

    def __post_init__(self) -> None:
        self.path = self.folder / self.mutant.path
        self.text = self.path.read_text()
        self.path.write_text(self.mutant.apply(self.text))
        # Python tells compiled modules apart by whole seconds
        later = time.time() + 1000 * next(_LATER)
        os.utime(self.path, (later, later))
        self.end = time.monotonic() + self.patience
        self.pid = test(self.folder, self.stage, self.mutant.path)

    def outcome(self) -> str | None:
        """None while the tests run; after that, what became of the change."""
        late = time.monotonic() > self.end
        if late:
            os.killpg(self.pid, signal.SIGKILL)
        pid, status = os.waitpid(self.pid, 0 if late else os.WNOHANG)
        if not pid:
            return None
        self.path.write_text(self.text)
        code = os.waitstatus_to_exitcode(status)
        return f"{self.patience:.0f} s" if late else answer(self.folder, code)


def outcomes(stage: str, chosen: list[Mutant], copies: list[Path], patience: float):
    """Yields each change and what became of it, as they end."""
    waiting, free, trials = chosen[::-1], list(copies), []
    while waiting or trials:
        while waiting and free:
            trials.append(Trial(free.pop(), waiting.pop(), stage, patience))
        for trial in list(trials):
            said = trial.outcome()
            if said is not None:
                trials.remove(trial)
                free.append(trial.folder)
                yield trial.mutant, said
        time.sleep(0.02)


def describe(mutant: Mutant) -> str:
    """The lines before and after, as a diff prints them."""
    text = (ROOT / mutant.path).read_text()
    line = text.count("\n", 0, mutant.start) + 1
    changed = [
        one
        for one in difflib.unified_diff(
            text.splitlines(), mutant.apply(text).splitlines(), lineterm="", n=0
        )
        if one[0] in "+-" and one[:3] not in ("+++", "---")
    ]
    return "\n".join([f"{mutant.path}:{line} {mutant.kind}", *(f"    {one}" for one in changed)])


def measure(stage: str, options: argparse.Namespace, copies: list[Path]) -> tuple[int, int]:
    """Prints what becomes of a stage's sample; how many were killed, and of how many."""
    chosen = sample(stage, options.count, options.seed, options.only)
    if options.list:
        print("\n".join(map(describe, chosen)), flush=True)
        return 0, len(chosen)
    began = time.monotonic()
    _, status = os.waitpid(test(copies[0], stage, ""), 0)
    unchanged = answer(copies[0], os.waitstatus_to_exitcode(status))
    if unchanged != ALIVE:
        sys.exit(f"the tests of {stage} fail without any change: {unchanged}")
    patience, killed = 60 + 4 * (time.monotonic() - began), 0
    for mutant, said in outcomes(stage, chosen, copies, patience):
        killed += said != ALIVE
        if said == ALIVE or options.verbose:
            print(
                f"{said if said == ALIVE else f'killed by {said}: '}{describe(mutant)}", flush=True
            )
    print(f"{stage}: {killed} of {len(chosen)} killed", flush=True)
    return killed, len(chosen)


def load() -> None:
    """Loads what the tests import besides catsight; one thread each, so that a fork is safe."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    for name in ("numpy", "scipy.stats", "pandas", "pyarrow.parquet", "matplotlib.figure", "numba", "colour", "timm", "pydantic"):  # fmt: skip
        importlib.import_module(name)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="make mutants ARGS=", description=__doc__.split("\n\n")[0],
        epilog="kinds of change: " + "; ".join(f"{name} ({what})" for name, what in KINDS.items()),
    )  # fmt: skip
    parser.add_argument("--stage", nargs="+", choices=STAGES, default=list(STAGES), help="all of them, if not given")  # fmt: skip
    parser.add_argument("--count", type=int, default=20, help="mutants for each stage (20)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another sample (0)")
    parser.add_argument("--only", default="", help="only modules whose path contains this")
    parser.add_argument("--workers", type=int, default=2, help="mutants that are tried at once (2)")
    parser.add_argument("--list", action="store_true", help="print the sample; run nothing")
    parser.add_argument("--verbose", action="store_true", help="print the killed ones, too")
    options = parser.parse_args()
    if not options.list:
        load()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [
            copy(Path(folder) / str(i)) for i in range(0 if options.list else options.workers)
        ]
        counts = {stage: measure(stage, options, copies) for stage in options.stage}
    if not options.list:
        print("\n| stage | killed | of | rate |\n|---|---|---|---|")
        counts["all"] = tuple(map(sum, zip(*counts.values())))
        for stage, (killed, of) in counts.items():
            print(f"| {stage} | {killed} | {of} | {killed / max(of, 1):.0%} |")


if __name__ == "__main__":
    main()
