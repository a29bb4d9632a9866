"""The service over real HTTP, in a process of its own, with a real repository behind it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pinned_images.testing.registry_server import RegistryServer
from tests.files.conftest import ROOT, mirrors_of
from tests.files.repositories import TASK, Bare, git, program_before_push

TOKEN = "a-token-of-the-tests"
REQUEST = {
    "image-references": ["mvanholsteijn/paas-monitor:3.4.0"],
    "commit-message": "you can do this.",
}
EVENT = {
    "version": "0",
    "id": "13cde686-328b-6117-af20-0e5566167482",
    "detail-type": "ECR Image Action",
    "source": "aws.ecr",
    "account": "123456789012",
    "time": "2019-11-16T01:54:34Z",
    "region": "us-west-2",
    "resources": [],
    "detail": {
        "result": "SUCCESS",
        "repository-name": "my-repository-name",
        "image-digest": "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd",
        "action-type": "PUSH",
        "image-tag": "v2",
    },
}
ECR = "123456789012.dkr.ecr.us-west-2.amazonaws.com/my-repository-name"


SERVE = ("serve", "--repository", "u", "--branch", "main")


class Answer(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Server:
    """The running service."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Listening on http://"), line + process.stderr.read()
        self.port = int(line.rpartition(":")[2])

    def post(
        self,
        body: Any,
        *,
        path: str = "/",
        token: str | None = None,
        method: str = "POST",
        **headers: str,
    ) -> Answer:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request(method, path, content if method == "POST" else None, headers)
            with connection.getresponse() as response:
                found = dict(response.headers.items())
                return Answer(response.status, json.loads(response.read()), found)

    @property
    def is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionError:
            return False
        return True

    def stop(self, by: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it with a signal; gives the exit code and what it said."""
        self.process.send_signal(by)
        return self.end()

    def end(self) -> tuple[int, str]:
        """Wait for its end."""
        _, errors = self.process.communicate(timeout=120)
        return self.process.returncode, errors


Serve = Callable[..., Server]


def started(url: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A process of the service, on a free port."""
    command = ["serve", "--repository", url, "--branch", "main", "--port", "0", *arguments]
    return subprocess.Popen(
        [sys.executable, "-m", "pinned_images.cli", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


FILES = {
    "sub/task.json": TASK,
    "app.json": f'{{"containerDefinitions": [{{"image": "{ECR}:v1"}}]}}',
    "team.yaml": "services: {a: {image: 'team/app:0.9'}, b: {image: 'team/a.b:0.9'}}\n",
}


@pytest.fixture
def bare(folder: Path, tmp_path: Path) -> Bare:
    git(tmp_path, "config", "--global", "user.name", "A Service")
    git(tmp_path, "config", "--global", "user.email", "service@example.com")
    return Bare(tmp_path, FILES)


@pytest.fixture
def serve(bare: Bare, images: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    monkeypatch.setenv("PINNED_IMAGES_MIRRORS", mirrors_of(images))
    monkeypatch.delenv("PORT", raising=False)
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, url: str = bare.url, **environment: str) -> Server:
        processes.append(started(url, *arguments, **environment))
        return Server(processes[-1])

    yield start
    for process in processes:
        process.kill()
        process.communicate()


class Unchanged(NamedTuple):
    """A running service, and the repository that none of its answers has changed."""

    server: Server
    bare: Bare


@pytest.fixture(scope="module")
def shared(images: RegistryServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unchanged]:
    folder = tmp_path_factory.mktemp("shared")
    bare = Bare(folder, FILES)
    settings = {"HOME": str(folder), "PINNED_IMAGES_MIRRORS": mirrors_of(images)}
    process = started(bare.url, **settings)
    yield Unchanged(Server(process), bare)
    process.kill()
    process.communicate()


@pytest.fixture
def unchanged(shared: Unchanged) -> Iterator[Server]:
    """One service for the tests whose requests change nothing."""
    before = shared.bare.state()
    yield shared.server
    assert shared.bare.state() == before


def test_a_request_becomes_a_commit(bare: Bare, serve: Serve) -> None:
    server = serve()
    answer = server.post(REQUEST, **{"content-type": "application/json"})
    assert answer.status == 200
    assert answer.body == {
        "git-url": bare.url,
        "files": ["/sub/task.json"],
        "commit-sha": bare.head(),
    }
    assert "paas-monitor:3.4.0" in bare.read("sub/task.json")
    assert bare.log(form="%s|%an")[0] == "you can do this.|A Service"
    code, log = server.stop()
    assert code == 0
    assert log == f"Pushed {bare.head()}: you can do this.\n"


def test_digests_matching_tags_and_nothing_to_do(
    bare: Bare, serve: Serve, images: RegistryServer
) -> None:
    server = serve()
    before = bare.state()
    answer = server.post({**REQUEST, "matching-tag": True})
    assert (answer.status, answer.body["files"], answer.body["commit-sha"]) == (200, [], None)
    assert bare.state() == before
    assert server.post({**REQUEST, "resolve-digest": True}).status == 200
    digest = images.digest("docker.io/mvanholsteijn/paas-monitor:3.4.0")
    assert f"paas-monitor:3.4.0@{digest}" in bare.read("sub/task.json")


def test_paths_bound_what_is_changed(bare: Bare, serve: Serve) -> None:
    assert serve("team.yaml").post(REQUEST).body["files"] == []


def test_requests_at_once_all_land(bare: Bare, serve: Serve) -> None:
    server = serve()
    requests = [
        {"image-references": [f"{image}:{number}"], "commit-message": f"{image} {number}"}
        for number in range(1, 4)
        for image in ("team/app", "team/a.b")
    ]
    with ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(server.post, requests))
    assert [answer.status for answer in answers] == [200] * len(requests)
    commits = [answer.body["commit-sha"] for answer in answers]
    assert sorted(bare.log(form="%H")[:-1]) == sorted(commits)
    assert len(set(commits)) == len(requests)


def test_a_push_to_ecr_becomes_a_commit(bare: Bare, serve: Serve) -> None:
    server = serve()
    answer = server.post(EVENT, **{"content-type": "application/json; charset=utf-8"})
    assert answer.status == 200, answer.body
    assert answer.body["files"] == ["/app.json"]
    detail: Any = EVENT["detail"]
    assert f'"{ECR}:v2@{detail["image-digest"]}"' in bare.read("app.json")
    assert bare.log()[0] == "Update my-repository-name to v2"


@pytest.mark.parametrize(
    "changes",
    [{"result": "FAILURE"}, {"action-type": "DELETE"}, {"image-tag": ""}, {"image-tag": None}],
    ids=str,
)
def test_events_that_change_nothing(unchanged: Server, changes: dict[str, str | None]) -> None:
    detail: Any = EVENT["detail"]
    answer = unchanged.post({**EVENT, "detail": {**detail, **changes}})
    assert (answer.status, answer.body["files"]) == (200, [])


def test_events_can_be_held_to_the_same_tag(unchanged: Server) -> None:
    answer = unchanged.post(EVENT, path="/?matching-tag=true")
    assert (answer.status, answer.body["files"]) == (200, [])


def test_bad_requests(unchanged: Server) -> None:
    bad: list[Any] = [
        b"not json",
        b"\xff",
        [],
        {},
        {**REQUEST, "image-references": []},
        {**REQUEST, "image-references": ["not an image"]},
        {**REQUEST, "image-references": ["team/app"]},
        {**REQUEST, "image-references": ["team/app:1", "team/app:2"]},
        {**REQUEST, "image-references": "team/app:1"},
        {**REQUEST, "image-references": [1]},
        {**REQUEST, "commit-message": " "},
        {**REQUEST, "matching-tag": "yes"},
        {**EVENT, "detail-type": "ECR Image Scan"},
        {**EVENT, "account": None},
        {"image-references": ["team/app:1"]},
    ]
    for body in bad:
        answer = unchanged.post(body)
        assert answer.status == 400, body
        assert answer.body["error"]
    assert unchanged.post(b"x" * 300_000).status == 413
    assert unchanged.post({}, path="/other").status == 404
    assert unchanged.post({}, method="GET").status == 405
    assert unchanged.post({}, path="/healthz", method="GET").body == {"status": "ok"}
    assert unchanged.post(REQUEST, Origin="https://page.example").status == 403


def test_a_registry_that_fails(unchanged: Server) -> None:
    body = {**REQUEST, "image-references": ["team/app:gone"], "resolve-digest": True}
    answer = unchanged.post(body)
    assert answer.status == 502
    assert "team/app:gone" in answer.body["error"]


def test_a_push_that_lost(
    bare: Bare, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", program_before_push(tmp_path, bare.others()))
    answer = serve().post(REQUEST)
    assert answer.status == 409
    assert "paas-monitor:3.1.0" in bare.read("sub/task.json")


def test_a_token_is_required_where_one_is_set(bare: Bare, serve: Serve) -> None:
    server = serve("--host", "0.0.0.0", PINNED_IMAGES_SERVE_TOKEN=TOKEN)
    before = bare.state()
    for token in (None, "", "wrong", TOKEN[:-1], TOKEN + "x", "tökén"):
        answer = server.post(REQUEST, token=None if token is None else token.encode().hex())
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert bare.state() == before
    assert server.post({}, path="/healthz", method="GET").status == 200
    assert server.post(REQUEST, token=TOKEN).status == 200


def test_without_a_token_only_loopback_is_listened_on(serve: Serve) -> None:
    for host in ("0.0.0.0", "::", "example.com"):
        result = subprocess.run(
            [sys.executable, "-m", "pinned_images.cli", *SERVE, "--host", host],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 2
        assert "PINNED_IMAGES_SERVE_TOKEN" in result.stderr


def test_credentials_of_the_url_are_in_no_answer_and_no_log(serve: Serve) -> None:
    server = serve(url="http://user:s3cr3t-word@127.0.0.1:1/app.git")
    answer = server.post(REQUEST)
    assert answer.status == 502
    assert "git clone failed for 'http://***@127.0.0.1:1/app.git'" in answer.body["error"]
    code, log = server.stop()
    assert code == 0
    assert "502" in log
    assert "s3cr3t-word" not in json.dumps(answer.body) + log


def test_sigterm_finishes_what_has_begun(
    bare: Bare, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = tmp_path / "begun", tmp_path / "stopped"
    wait = f"touch '{begun}'; until [ -e '{stopped}' ]; do sleep 0.02; done"
    monkeypatch.setenv("PATH", program_before_push(tmp_path, wait))
    server = serve()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.post, REQUEST)
        while not begun.exists():
            assert server.process.poll() is None
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        while server.is_listening:
            time.sleep(0.01)
        stopped.touch()
        assert answer.result().status == 200
        code, _ = server.end()
    assert code == 0
    assert "paas-monitor:3.4.0" in bare.read("sub/task.json")


def test_ctrl_c_ends_the_service_with_130(serve: Serve) -> None:
    server = serve()
    assert server.post("", path="/healthz", method="GET").status == 200
    assert server.stop(signal.SIGINT) == (130, "Interrupted.\n")
