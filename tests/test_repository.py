"""What holds for the files of the repository as a whole, whatever they contain."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRA = PROJECT["project"]["optional-dependencies"]["traces"]
LOCKS = sorted(
    [
        *ROOT.glob("requirements*.lock"),
        *(ROOT / "tests").rglob("requirements*.lock"),
        *(ROOT / "bench").rglob("*.lock"),
    ]
)

# A file with one of these runs on one machine, or through one mirror, and nowhere else.
MACHINE_PATH = re.compile(r"(?<![\w.}~-])/(?:work|root|home|Users)/\w")
REGISTRY = re.compile(
    r"""\b(?:pypi\.org | pythonhosted\.org | registry\.npmjs\.org | repo1?\.maven\.\S+
          | proxy\.golang\.org | static\.crates\.io | index\.crates\.io | deb\.debian\.org )\b
      | ^\s*(?:-i|--index-url|--extra-index-url|--find-links)\s""",
    re.VERBOSE | re.MULTILINE,
)
SILENCED = re.compile(r"#\s*(?:noqa\b|type:\s*ignore\b|pragma: no cover)(?P<rest>[^\n]*)")
REASON = re.compile(r"\s(?:-|–|#)\s+\w+")


def repository_files() -> list[Path]:
    """Files that are, or are about to be, part of the repository."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Text of a file; empty for a picture and other bytes."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8")


def lines_with(pattern: re.Pattern[str], text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if pattern.search(line)]


def silenced_without_reason(text: str) -> list[str]:
    return [found[0] for found in SILENCED.finditer(text) if not REASON.search(found["rest"])]


def make_targets_named(text: str) -> set[str]:
    """Targets of the `make` commands that stand in code of a document, spans and blocks alike."""
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    commands = [re.findall(r"(?:^|[`$;&|]\s*)make((?: +[\w=./-]+)+)", part, re.MULTILINE) for part in code]
    words = {word for found in commands for words in found for word in words.split()}
    return {word for word in words if "=" not in word and not word.startswith("-")}


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def locked(path: Path) -> dict[str, set[str]]:
    """Versions by package of a lock; a package has several where they differ between Pythons."""
    versions: dict[str, set[str]] = {}
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    for name, version in pins:
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


def group(name: str) -> list[str]:
    """Requirements of a dependency group, those of the groups it includes as well."""
    entries = PROJECT["dependency-groups"][name]
    plain = [entry for entry in entries if isinstance(entry, str)]
    included = [group(entry["include-group"]) for entry in entries if not isinstance(entry, str)]
    return plain + [requirement for part in included for requirement in part]


def test_no_file_names_a_path_of_one_machine() -> None:
    found = {
        path.name: hits for path in repository_files() if (hits := lines_with(MACHINE_PATH, text_of(path)))
    }

    assert found == {}


def test_no_file_names_a_package_registry() -> None:
    found = {path.name: hits for path in repository_files() if (hits := lines_with(REGISTRY, text_of(path)))}

    assert found == {}


@pytest.mark.parametrize(
    ("pattern", "bad", "good"),
    [
        (MACHINE_PATH, "cd /" + "work/main", "see docs/work/flow.md"),
        (MACHINE_PATH, "open('/" + "home/ann/x')", "https://example.com/home/page"),
        (REGISTRY, "--index-url somewhere", "the index of a slice"),
        (REGISTRY, "https://pypi." + "org/simple", "pip reads an index"),
    ],
)
def test_the_search_for_paths_and_registries_finds_them(
    pattern: re.Pattern[str], bad: str, good: str
) -> None:
    assert lines_with(pattern, bad) == [bad]
    assert lines_with(pattern, good) == []


def test_whoever_silences_a_checker_says_why() -> None:
    sources = [path for path in repository_files() if path.suffix == ".py" and path != Path(__file__)]
    found = {
        str(path.relative_to(ROOT)): hits
        for path in sources
        if (hits := silenced_without_reason(text_of(path)))
    }

    assert found == {}


def test_the_search_for_silenced_checkers_finds_those_without_a_reason() -> None:
    assert silenced_without_reason("x = 1  # noqa: E501") == ["# noqa: E501"]
    assert silenced_without_reason("x = 1  # type: ignore[misc]") == ["# type: ignore[misc]"]
    assert silenced_without_reason("x = 1  # noqa: E501 - a table") == []
    assert silenced_without_reason("x = 1  # type: ignore[misc]  # the library has no types") == []


def test_each_ignored_lint_rule_has_a_reason_beside_it() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = settings[settings.index("[tool.ruff.lint]") : settings.index("[tool.ruff.lint.pydocstyle]")]
    rules = [line for line in lint.splitlines() if re.search(r'"[A-Z]+\d*"', line) and "select" not in line]

    assert len(rules) > 10
    assert [line for line in rules if not re.search(r"#\s*\S", line)] == []


def test_mypy_is_strict_and_forgives_only_libraries_without_types() -> None:
    mypy = PROJECT["tool"]["mypy"]

    assert mypy["strict"] is True
    assert [set(override) - {"module", "ignore_missing_imports"} for override in mypy["overrides"]] == [set()]
    names = [name.split(".")[0] for override in mypy["overrides"] for name in override["module"]]
    assert {"detectors", "service", "tests"}.isdisjoint(names)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_every_package_with_hashes(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]

    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert len(entries) == len(re.findall(r"^[^\s#]", text, re.MULTILINE)), "a line that pins nothing"


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-traces.lock", [*PROJECT["project"]["dependencies"], *EXTRA]),
        ("requirements-build.lock", [*group("build"), *PROJECT["build-system"]["requires"]]),
        ("requirements-dev.lock", [*group("dev"), *PROJECT["project"]["dependencies"]]),
    ],
)
def test_a_lock_satisfies_what_the_project_asks_for(lock: str, requirements: list[str]) -> None:
    versions = locked(ROOT / lock)

    for requirement in map(Requirement, requirements):
        pinned = versions.get(canonicalize_name(requirement.name), set())
        assert pinned, f"{lock} lacks {requirement}; run `make lock`"
        assert all(requirement.specifier.contains(version, prereleases=True) for version in pinned), (
            requirement
        )


def test_tests_run_with_the_versions_that_users_run_with() -> None:
    runtime, development = locked(ROOT / "requirements.lock"), locked(ROOT / "requirements-dev.lock")
    image = locked(ROOT / "requirements-traces.lock")

    assert {name: development.get(name) for name in runtime} == runtime
    assert {name: image.get(name) for name in runtime} == runtime
    assert {name: development.get(name) for name in image} == image


def test_each_make_command_in_a_document_is_a_target() -> None:
    documents = [path for path in repository_files() if path.suffix == ".md"]
    named = {path.name: make_targets_named(text_of(path)) - makefile_targets() for path in documents}

    assert documents
    assert {name: targets for name, targets in named.items() if targets} == {}


def test_make_commands_are_found_in_code_and_not_in_prose() -> None:
    document = (
        "We make sense. Run `make demo`, or:\n```\n$ make env test-fast PYTHON=python3.12\ncmake x\n```\n"
    )

    assert make_targets_named(document) == {"demo", "env", "test-fast"}


def test_make_alone_lists_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(re.findall(r"^ +make ([a-z-]+) ", shown.stdout, re.MULTILINE)) == makefile_targets()
    assert {"demo", "env", "check", "test-fast", "test", "bench", "lock", "parts"} <= makefile_targets()


@pytest.mark.parametrize("script", [".ci/run", ".ci/make-venv"])
def test_a_script_of_ci_parses_and_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_the_wrong_python_is_refused_in_words() -> None:
    refused = subprocess.run(
        [ROOT / ".ci" / "make-venv", "unused", "/bin/false"], capture_output=True, text=True, check=False
    )

    assert refused.returncode == 1
    assert "PYTHON=/bin/false is no Python 3.11, 3.12 or 3.13" in refused.stderr
    assert not (ROOT / "unused").exists()


def test_the_license_is_the_whole_apache_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "9. Accepting Warranty or Additional Liability." in text
