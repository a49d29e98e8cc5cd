"""The image: what goes into it, and who runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.chart import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
RUNTIME = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_the_linter_of_dockerfiles_is_content() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")

    checked = subprocess.run(
        [hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout) == (0, "")


def test_the_linter_of_dockerfiles_finds_a_mistake(tmp_path: Path) -> None:
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN cd /x && make\n", encoding="utf-8")

    checked = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), bad], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 1
    assert "DL3006" in checked.stdout


def test_the_base_is_named_by_a_whole_version() -> None:
    assert re.search(r"^ARG PYTHON_IMAGE=\S+:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2


def test_every_package_from_outside_is_checked_by_its_hash() -> None:
    commands = re.split(r"&&|\n", DOCKERFILE.replace("\\\n", " "))
    installs = [command for command in commands if re.search(r"\bpip\b.* install\b", command)]

    assert len(installs) == 3
    assert [one for one in installs if "--require-hashes" not in one and "--no-index" not in one] == []


def test_the_user_is_a_number_and_not_root() -> None:
    (user,) = re.findall(r"^USER (\S+)$", RUNTIME, re.MULTILINE)

    assert all(int(part) > 0 for part in user.split(":"))


def test_it_starts_without_a_shell_and_reads_the_mounted_configuration() -> None:
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", RUNTIME, re.MULTILINE)
    (words,) = re.findall(r"^CMD (.+)$", RUNTIME, re.MULTILINE)

    assert json.loads(entry) + json.loads(words) == [
        "driftline", "run", "--config", "/etc/driftline/driftline.yaml",
    ]  # fmt: skip


def test_its_health_is_asked_by_python_alone() -> None:
    match = re.search(r"^HEALTHCHECK (?:.*\\\n)\s*CMD (\[.*\])$", RUNTIME, re.MULTILINE)
    assert match
    program, flag, code = json.loads(match[1])

    assert (program, flag) == ("python3", "-c")
    assert "/healthz" in code
    compile(code, "healthcheck", "exec")


def test_what_is_copied_is_let_into_the_build_and_nothing_else_is() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }

    assert "*" in ignore
    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_links_in_the_packages_lead_to_what_is_copied() -> None:
    links = [
        path for top in ("detectors", "service") for path in (ROOT / top).rglob("*") if path.is_symlink()
    ]
    targets = [str(link.resolve().relative_to(ROOT)) for link in links]

    assert [target for target in targets if f"COPY {target} {target}\n" not in DOCKERFILE] == []
