"""`driftline profile`, run as a user runs it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from aiokafka import AIOKafkaConsumer
from click.testing import CliRunner, Result

from service.cli import driftline
from service.commands.profile import command
from service.profiles.reading import load_profile
from service.windows.control import ProfilePublished, decode_control
from tests.parts.kafka import KafkaBroker
from tests.profiles.data import CONFIG, build, events, rows, write

TABLE = rows(400)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "driftline.yaml").write_text(CONFIG)
    write(tmp_path / "rows.csv", TABLE)
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(driftline, ["profile", *map(str, words)])


def build_command(folder: Path, *words: object) -> Result:
    head = (
        "build",
        "--config",
        folder / "driftline.yaml",
        "--model",
        "credit",
        "--output",
        folder / "p.json",
    )
    return run(*head, *words)


def test_build_writes_the_profile_and_tells_its_id(folder: Path) -> None:
    result = build_command(folder, "--version", "7", "--input", folder / "rows.csv")
    profile = load_profile(folder / "p.json")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == profile.id == build(folder / "rows.csv").profile.id
    assert "version 7, 400 predictions, 5 fields" in result.stdout
    assert "Note: only 400 predictions" in result.stderr


def test_build_takes_several_files_after_one_option_or_many(folder: Path) -> None:
    parts = [write(folder / f"{n}.jsonl", events(TABLE[n::2])) for n in range(2)]
    ids = {
        build_command(folder, "--version", "7", "--input", *inputs).stdout.splitlines()[1]
        for inputs in ((parts[0], parts[1]), (parts[0], "--input", parts[1]), (folder / "rows.csv",))
    }
    assert len(ids) == 1


def test_build_takes_only_the_rows_of_an_interval(folder: Path) -> None:
    inside = sum("2026-08-10" <= row["timestamp"][:10] < "2026-08-20" for row in TABLE)
    interval = ("--from", "2026-08-10T00:00:00Z", "--until", "2026-08-20T00:00:00+00:00")
    result = build_command(folder, "--input", folder / "rows.csv", *interval)
    assert f"version any, {inside} predictions" in result.stdout


def test_build_tells_what_its_bounds_cut(folder: Path) -> None:
    table = [
        dict(row, state=f"s{place}", region=None, income=None, age=-(place == 0))
        for place, row in enumerate(TABLE)
    ]
    with (write(folder / "many.jsonl", table)).open("a") as file:
        file.write("{broken\n")
    notes = build_command(folder, "--input", folder / "many.jsonl").stderr
    assert "feature income: no row has a value, so its drift cannot be found" in notes
    assert "feature age: 1 values are outside its declared range" in notes
    assert "feature state: 300 categories on 300 rows have no cell of their own and count as unseen" in notes
    assert "lines not counted: 1 not_json; the first is line 401" in notes
    assert "no row has the tag region: slices of it have no reference" in notes
    cut = build_command(folder, "--input", folder / "rows.csv", "--max-rows", 100).stderr
    assert "(--max-rows); what follows in the files is left out" in cut


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--input", "gone.csv"), 1, "gone.csv: cannot be read"),
        (("--input", "rows.csv", "--from", "today"), 2, "'today' is no time; write RFC 3339"),
        (("--input", "rows.csv", "--version", "8", "versioned.csv"), 0, ""),
        ((), 2, "Missing option '--input'"),
    ],
)
def test_build_fails_with_the_status_of_the_mistake(
    words: tuple[str, ...], status: int, message: str, folder: Path
) -> None:
    write(folder / "versioned.csv", [dict(row, model_version="8") for row in TABLE[:3]])
    result = build_command(folder, *(folder / word if word.endswith(".csv") else word for word in words))
    assert (result.exit_code, message in result.stderr) == (status, True)


def test_a_failed_build_leaves_the_old_profile_alone(folder: Path) -> None:
    (folder / "p.json").write_text("old")
    assert build_command(folder, "--input", folder / "gone.csv").exit_code == 1
    assert (folder / "p.json").read_text() == "old"


def test_an_output_in_no_folder_is_an_error(folder: Path) -> None:
    result = build_command(folder, "--input", folder / "rows.csv", "--output", folder / "none" / "p.json")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_an_unknown_model_slice_or_feature_is_wrong_use_and_lists_what_there_is(folder: Path) -> None:
    build_command(folder, "--input", folder / "rows.csv")
    config = ("--config", folder / "driftline.yaml")
    other = run(
        "build", *config, "--model", "debit", "--input", folder / "rows.csv", "--output", folder / "p.json"
    )
    no_slice = run("show", folder / "p.json", "--slice", "region=mars")
    no_feature = run("show", folder / "p.json", "--feature", "height")
    assert [result.exit_code for result in (other, no_slice, no_feature)] == [2, 2, 2]
    assert "there is no model 'debit'; there are: credit" in other.stderr
    assert "there are: all, region=eu" in no_slice.stderr
    assert "there are: age, income, prediction, state, children" in no_feature.stderr


def test_show_in_a_pipe_is_plain_text_without_blanks_at_line_ends(folder: Path) -> None:
    build_command(folder, "--input", folder / "rows.csv")
    command = [
        sys.executable,
        "-c",
        "from service.cli import main; main()",
        "profile",
        "show",
        str(folder / "p.json"),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines() == [line.rstrip() for line in done.stdout.splitlines()]
    for name in ("age", "income", "prediction", "state", "children"):
        assert f"\n {name} " in done.stdout


def test_show_draws_a_feature_of_a_slice(folder: Path) -> None:
    build_command(folder, "--input", folder / "rows.csv")
    drawn = run("show", folder / "p.json", "--feature", "children", "--slice", "region=eu").stdout
    members = [row for row in TABLE if row["region"] == "eu"]
    assert f"children   {len(members)} values" in drawn
    assert drawn.count("█") > 100


def test_diff_names_what_changed(folder: Path) -> None:
    build_command(folder, "--version", "7", "--input", folder / "rows.csv")
    (folder / "p.json").rename(folder / "old.json")
    newer = [dict(row, age=row["age"] + 20, state="WA", region="asia") for row in TABLE]
    build_command(folder, "--version", "8", "--input", write(folder / "new.csv", newer))
    told = run("diff", folder / "old.json", folder / "p.json").stdout
    assert told.startswith("credit 7  →  credit 8\n")
    assert "slices added: region=asia, region=asia,state=WA" in told
    assert "+ WA   − CA, NY, a,b=c" in told
    same = run("diff", folder / "p.json", folder / "p.json").stdout
    assert same.endswith("The profiles are the same.\n")


def test_publish_refuses_a_profile_of_another_configuration_before_it_asks_the_broker(folder: Path) -> None:
    build_command(folder, "--input", folder / "rows.csv")
    (folder / "other.yaml").write_text(CONFIG.replace("income", "salary"))
    result = run("publish", folder / "p.json", "--config", folder / "other.yaml")
    assert result.exit_code == 1
    assert "are not those of the model's schema (age, salary, state, children, prediction)" in result.stderr


def test_a_profile_file_is_one_line_of_json(folder: Path) -> None:
    build_command(folder, "--input", folder / "rows.csv")
    content = (folder / "p.json").read_text()
    assert content.count("\n") == 1
    assert json.loads(content)["schema"] == "driftline.profile/2"


def test_publish_puts_the_profile_on_the_control_topic(
    folder: Path, kafka: KafkaBroker, topic_prefix: str
) -> None:
    words = "partials control results alerts deadletter"
    topics = "".join(f"\n    {word}: {topic_prefix}{word}" for word in words.split())
    broker = f"kafka:\n  bootstrap_servers: {kafka.bootstrap}\n  topics:{topics}\n"
    (folder / "driftline.yaml").write_text(broker + CONFIG)
    build_command(folder, "--version", "7", "--input", folder / "rows.csv")
    publish = ("publish", folder / "p.json", "--config", folder / "driftline.yaml")
    first, second = run(*publish), run(*publish, "--from", "2026-08-22T10:00:00Z")
    profile = load_profile(folder / "p.json")
    assert first.stdout.startswith(f"published {profile.id} of model credit, version 7, as change 0")
    assert "it holds for every window, since it is the first" in first.stdout
    assert second.stdout.endswith("as change 1; it holds from 2026-08-22T10:00:00Z\n")
    records = asyncio.run(control_records(kafka.bootstrap, topic_prefix + "control", 2))
    assert [record.profile.id for record in records] == [profile.id] * 2


async def control_records(servers: str, topic: str, count: int) -> list[ProfilePublished]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        records = [decode_control((await consumer.getone()).value) for _ in range(count)]
    finally:
        await consumer.stop()
    assert all(isinstance(record, ProfilePublished) for record in records)
    return [record for record in records if isinstance(record, ProfilePublished)]


def test_the_page_about_profiles_names_every_command_and_option() -> None:
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    for name, each in command.commands.items():
        assert f"driftline profile {name}" in page
        options = [text for parameter in each.params for text in parameter.opts if text.startswith("--")]
        assert [text for text in options if text not in page] == [], name


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl", "empty.parquet"])
def test_a_file_without_rows_is_no_reference(name: str, folder: Path) -> None:
    if name.endswith("csv"):
        (folder / name).write_text("age,income,state,children\n")
    elif name.endswith("jsonl"):
        (folder / name).touch()
    else:
        write(folder / name, [], dict.fromkeys(("age", "income", "state", "children"), pa.int64()))
    result = build_command(folder, "--input", folder / name)
    assert result.exit_code == 1
    assert "the reference data of model `credit` holds no prediction" in result.stderr
