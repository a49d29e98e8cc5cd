"""What a Python source imports, names and defines, read from its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Use:
    """A dotted name and the line where it stands."""

    name: str
    line: int


@dataclass(frozen=True)
class Source:
    """One module: its dotted name, and its text."""

    module: str
    text: str
    is_package: bool = False

    @classmethod
    def read(cls, path: Path, root: Path) -> "Source":
        """Source of a file below the root of the repository."""
        words = path.relative_to(root).with_suffix("").parts
        is_package = words[-1] == "__init__"
        return cls(
            ".".join(words[:-1] if is_package else words), path.read_text(encoding="utf-8"), is_package
        )

    @cached_property
    def tree(self) -> ast.Module:
        """Syntax tree of the text."""
        return ast.parse(self.text, filename=self.module)

    def imports(self) -> Iterator[Use]:
        """Modules it imports, `import_module("...")` included; `from a import b` gives `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Use(alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                yield from (Use(f"{base}.{alias.name}", node.lineno) for alias in node.names)
            elif isinstance(node, ast.Call) and (name := _imported_by_call(node)):
                yield Use(name, node.lineno)

    def names(self) -> Iterator[Use]:
        """Names and attributes it reads, with imported names written out: `np.random` is `numpy.random`."""
        aliases = self._aliases()
        for node in _outside_hash_methods(self.tree):
            if isinstance(node, ast.Name | ast.Attribute) and (dotted := _dotted(node)):
                first, _, rest = dotted.partition(".")
                full = aliases.get(first, first)
                yield Use(f"{full}.{rest}" if rest else full, node.lineno)

    def function_lengths(self) -> Iterator[tuple[Use, int]]:
        """Each function with its lines, docstring and decorators apart."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Use(node.name, node.lineno), _lines(node) - _docstring_lines(node)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        here = self.module.split(".")
        kept = len(here) - node.level + (1 if self.is_package else 0)
        return ".".join([*here[:kept], *([node.module] if node.module else [])])

    def _aliases(self) -> dict[str, str]:
        aliases: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                aliases |= {
                    a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0]
                    for a in node.names
                }
            elif isinstance(node, ast.ImportFrom):
                aliases |= {a.asname or a.name: f"{self._base(node)}.{a.name}" for a in node.names}
        return aliases


def _imported_by_call(node: ast.Call) -> str | None:
    called = _dotted(node.func) or ""
    if called.rpartition(".")[2] not in {"import_module", "__import__"} or not node.args:
        return None
    wanted = node.args[0]
    return wanted.value if isinstance(wanted, ast.Constant) and isinstance(wanted.value, str) else None


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id if isinstance(node.ctx, ast.Load) else None
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else None
    return None


def _outside_hash_methods(node: ast.AST) -> Iterator[ast.AST]:
    # `hash` is what `__hash__` is made of, and no result depends on it.
    if isinstance(node, ast.FunctionDef) and node.name == "__hash__":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _outside_hash_methods(child)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return _lines(node.body[0]) if ast.get_docstring(node, clean=False) is not None else 0
