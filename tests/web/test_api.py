from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from service.alerts.notice import AlertState
from service.evaluation.result import Verdict
from service.web.routes import WebState, routes
from tests.web.conftest import Client, World
from tests.web.scene import make_alert, make_trigger


@pytest.fixture
def tokens(tmp_path: Path, world: World) -> Path:
    """A token file that the world's configuration names."""
    path = tmp_path / "tokens"
    path.write_text("# who may report\ntraining-pipeline: s3cret-1\n\nalice: s3cret-2\n")
    web = world.settings.web.model_copy(update={"token_file": str(path)})
    object.__setattr__(world.state, "settings", world.settings.model_copy(update={"web": web}))
    return path


async def document(client: Client, path: str, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    return await answer.json()


async def test_models_say_their_status_windows_and_progress(client: Client) -> None:
    credit, churn = (await document(client, "/api/v1/models"))["models"]
    assert (credit["model"], credit["status"]) == ("credit", "drifting")
    assert credit["watermark"] == "2026-08-22T11:00:12Z"
    (version,) = credit["versions"]
    assert (version["model_version"], version["window"], version["events"]) == ("7", "1h/5m", 4000)
    assert version["end"] == "2026-08-22T11:00:00Z"
    assert (churn["status"], churn["versions"][0]["learned"]) == ("learning", 4210)


async def test_one_model_comes_with_its_findings_worst_first(client: Client) -> None:
    findings = (await document(client, "/api/v1/models/credit"))["findings"]
    assert findings[0]["verdict"] == "breach"
    assert (findings[0]["result"]["slice"], findings[0]["result"]["feature"]) == ("region=apac", "channel")
    ratios = [item["threshold_ratio"] for item in findings if item["verdict"] == "breach"]
    assert ratios == sorted(ratios, reverse=True)


async def test_results_are_the_lines_of_the_results_topic(client: Client, world: World) -> None:
    found = await document(client, "/api/v1/results?slice=region%3Deu&feature=income&metric=psi")
    (result,) = found["results"]
    expected = next(
        item
        for item in world.evaluated.results
        if (item.slice, item.feature, item.metric) == ("region=eu", "income", "psi")
    )
    assert result["value"] == expected.value
    assert result["window"] == {
        "start": "2026-08-22T10:00:00Z",
        "end": "2026-08-22T11:00:00Z",
        "name": "1h/5m",
    }
    assert result["status"] == "drift"


@pytest.mark.parametrize("query", ["status=drift", "model=credit", "feature=", "version=7", "window=1h/5m"])
async def test_results_are_filtered_by_each_parameter(client: Client, world: World, query: str) -> None:
    name, _, value = query.partition("=")
    found = (await document(client, f"/api/v1/results?{query}"))["results"]
    field = {"version": "model_version"}.get(name, name)
    wanted = [
        item for item in world.evaluated.results
        if value == (item.window.name if name == "window" else str(getattr(item, field)))
    ]  # fmt: skip
    assert len(found) == len(wanted) > 0


async def test_results_that_do_not_fit_are_counted(client: Client, world: World) -> None:
    found = await document(client, "/api/v1/results?limit=3")
    assert len(found["results"]) == 3
    assert found["omitted"] == len(world.evaluated.results) - 3


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=10001", "featrue=age"])
async def test_a_wrong_parameter_is_named_with_its_mend(client: Client, query: str) -> None:
    error = (await document(client, f"/api/v1/results?{query}", 422))["error"]
    assert (error["field"], error["value"]) == tuple(query.split("="))
    assert error["consequence"]
    assert error["mend"]


async def test_alerts_are_listed_by_state_with_the_requests(client: Client, world: World) -> None:
    breach = next(item.result for item in world.evaluated.judgements if item.verdict is Verdict.BREACH)
    world.board.notice(make_alert(breach, name="first"))
    world.board.notice(make_alert(breach, AlertState.PENDING, name="second"))
    world.board.notice(make_alert(breach, AlertState.RESOLVED, name="third"))
    world.board.notice(make_trigger(make_alert(breach)))
    found = await document(client, "/api/v1/alerts")
    assert [item["alertname"] for item in found["firing"]] == ["first"]
    assert [item["alertname"] for item in found["pending"]] == ["second"]
    assert [item["alertname"] for item in found["resolved"]] == ["third"]
    assert found["requests"][0]["kind"] == "model.retraining.requested"


async def test_profiles_are_listed_and_each_is_served_as_the_text_its_id_hashes(
    client: Client, world: World
) -> None:
    (listed,) = (await document(client, "/api/v1/profiles"))["profiles"]
    assert (listed["model"], listed["events"]) == ("credit", 20_000)
    answer = await client.get(f"/api/v1/profiles/{listed['id']}")
    assert await answer.read() == world.profile.to_json()
    assert (await document(client, "/api/v1/profiles/sha256:0", 404))["error"]["reason"] == "unknown_profile"


async def test_a_distribution_has_counts_of_reference_and_window(client: Client) -> None:
    found = await document(client, "/api/v1/models/credit/distribution?feature=channel&slice=region%3Dapac")
    drawn = found["distribution"]
    assert (found["model_version"], found["window"], drawn["kind"]) == ("7", "1h/5m", "categorical")
    assert [bar["label"] for bar in drawn["bars"]] == ["app", "branch", "web", "unseen"]
    assert sum(bar["current"] for bar in drawn["bars"]) == drawn["n"]
    assert sum(bar["reference"] for bar in drawn["bars"]) == drawn["reference_n"]


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/v1/models/nobody", 404, "unknown_model"),
        ("/api/v1/models/nobody/distribution?feature=age", 404, "unknown_model"),
        ("/api/v1/models/credit/distribution", 422, "missing_parameter"),
        ("/api/v1/models/credit/distribution?feature=shoe", 404, "unknown_distribution"),
        ("/api/v1/models/credit/distribution?feature=age&slice=mars", 404, "unknown_distribution"),
        ("/api/v1/models/credit/distribution?feature=age&version=9", 404, "unknown_distribution"),
        ("/api/v1/nothing", 404, "unknown_path"),
        ("/api/v1/models/credit/retraining", 404, "unknown_path"),
    ],
)
async def test_errors_are_json_and_say_what_to_do(
    client: Client, path: str, status: int, reason: str
) -> None:
    error = (await document(client, path, status))["error"]
    assert error["reason"] == reason
    assert error["mend"]


async def test_health_is_the_event_loop_and_readiness_has_reasons(client: Client, world: World) -> None:
    assert (await client.get("/healthz")).status == 200
    assert (await document(client, "/readyz")) == {"ready": True, "reasons": []}
    world.missing.append("no partitions assigned")
    assert (await document(client, "/readyz", 503))["reasons"] == ["no partitions assigned"]
    assert (await client.get("/healthz")).status == 200


class TestRetraining:
    PATH = "/api/v1/models/credit/retraining"

    @pytest.fixture(autouse=True)
    def with_tokens(self, tokens: Path) -> None:
        self.tokens = tokens

    async def post(self, client: Client, token: str | None, body: Any, path: str = PATH) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        sent = {"data": body} if isinstance(body, str | bytes) else {"json": body}
        answer = await client.post(path, headers=headers, **sent)
        return answer.status, await answer.json()

    @pytest.mark.parametrize("event", ["started", "finished"])
    async def test_a_report_is_passed_on_with_the_principal_of_its_token(
        self, client: Client, world: World, event: str
    ) -> None:
        status, said = await self.post(client, "s3cret-1", {"event": event})
        assert status == 202
        assert said["principal"] == "training-pipeline"
        assert world.reports == [("credit", event, "training-pipeline")]

    @pytest.mark.parametrize("token", [None, "", "s3cret", "s3cret-11", "alice: s3cret-2", "ünï"])
    async def test_without_a_known_token_nothing_is_recorded(
        self, client: Client, world: World, token: str | None
    ) -> None:
        status, said = await self.post(client, token, {"event": "started"})
        assert (status, said["error"]["field"]) == (401, "Authorization")
        assert not world.reports

    @pytest.mark.parametrize(
        "body", [{"event": "paused"}, {}, [], "", "{", b"\xff\xfe", {"event": "started", "eta": 5}]
    )
    async def test_a_body_that_says_something_else_is_refused(
        self, client: Client, world: World, body: Any
    ) -> None:
        status, said = await self.post(client, "s3cret-1", body)
        assert (status, said["error"]["field"]) == (422, "event")
        assert "started" in said["error"]["mend"]
        assert not world.reports

    async def test_an_unknown_model_is_named(self, client: Client, world: World) -> None:
        status, said = await self.post(
            client, "s3cret-1", {"event": "started"}, "/api/v1/models/nobody/retraining"
        )
        assert (status, said["error"]["value"]) == (404, "nobody")
        assert "credit" in said["error"]["mend"]

    async def test_a_token_can_be_changed_without_a_restart(self, client: Client, world: World) -> None:
        self.tokens.write_text("training-pipeline: fresh\n")
        assert (await self.post(client, "s3cret-1", {"event": "started"}))[0] == 401
        assert (await self.post(client, "fresh", {"event": "started"}))[0] == 202

    async def test_a_broken_token_file_is_said_without_its_secrets(self, client: Client) -> None:
        self.tokens.write_text("only-a-secret\n")
        status, said = await self.post(client, "only-a-secret", {"event": "started"})
        assert (status, said["error"]["reason"]) == (503, "bad_line")
        assert "only-a-secret" not in str(said)
        self.tokens.unlink()
        assert (await self.post(client, "x", {"event": "started"}))[0] == 503


async def test_without_a_token_file_nothing_can_be_changed(client: Client, world: World) -> None:
    answer = await client.post("/api/v1/models/credit/retraining", json={"event": "started"})
    assert answer.status == 403
    assert (await answer.json())["error"]["field"] == "web.token_file"
    assert not world.reports


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/healthz", "/api/v1/models", "/api/v1/none", "/static/page.css"]
)
async def test_every_reply_forbids_scripts_and_frames_that_are_not_ours(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_page_that_did_not_change_is_not_sent_again(client: Client, world: World) -> None:
    first = await client.get("/")
    again = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    world.banner = "Event time runs 60 times faster than the clock."
    changed = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    assert "60 times faster" in await changed.text()
    world.board.watermark("credit", 5)
    assert (await client.get("/", headers={"If-None-Match": changed.headers["ETag"]})).status == 200


async def test_style_and_script_are_cached_for_good_under_the_address_of_their_content(
    client: Client,
) -> None:
    page = await (await client.get("/")).text()
    (address,) = re.findall(r'href="(static/page\.css\?v=[0-9a-f]+)"', page)
    assert "immutable" in (await client.get(f"/{address}")).headers["Cache-Control"]
    assert (await client.get("/static/page.css")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.css", "..%2Froutes.py", "page.css%00"])
async def test_only_our_own_files_are_static(client: Client, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status == 404


async def test_large_answers_are_compressed(client: Client) -> None:
    answer = await client.get("/api/v1/results", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


def test_every_route_is_served_once(world: World) -> None:
    made = [(route.method, route.path) for route in routes(world.state)]
    assert len(made) == len(set(made))
    assert isinstance(world.state, WebState)
