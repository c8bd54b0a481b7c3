"""Pipelines that `ci init` wrote, run as a forge's runner does: their own shell, in a clone of their own."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml


def steps(root: Path, path: str, job: str = "") -> dict[str, str]:
    """Return the shell of a job, or of the only one: name of the step → script."""
    pipeline = yaml.safe_load((root / path).read_text())
    if "jobs" in pipeline:
        found = pipeline["jobs"][job or next(iter(pipeline["jobs"]))]["steps"]
        return {step["name"]: step["run"] for step in found if "run" in step}
    if "steps" in pipeline:
        return {step["name"]: "\n".join(step["commands"]) for step in pipeline["steps"]}
    parts = [*pipeline[".git-wild"].get("before_script", ()), *pipeline[job]["script"]]
    return {job: "\n".join(parts)}


def run_step(
    script: str, cwd: Path, environment: Mapping[str, str], *, code: int = 0, shell: str = "bash"
) -> str:
    """Run a step in the environment that a runner gives, insist on its exit code, return its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB_"))}
    done = subprocess.run(
        [shell, "-e", "-c", script],
        cwd=cwd,
        env={**kept, "CI": "true", **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, f"{done.returncode}\n{script}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


class Forge:
    """The part of the forges' APIs that comments and opens change requests; keeps what it was told."""

    def __init__(self) -> None:
        self.comments: dict[int, str] = {1: "looks good to me"}
        self.requests: list[dict[str, str]] = []
        self.tokens: set[str] = set()
        self.url = ""

    def answer(self, method: str, path: str, body: Mapping[str, Any]) -> object:
        """Return what the forge says to a request."""
        if path.endswith(("/pulls", "/merge_requests")):
            self.requests.append(dict(body))
            return {"number": 7}
        if method == "GET":
            return [{"id": number, "body": text} for number, text in self.comments.items()]
        number = int(path.rpartition("/")[2]) if method in ("PATCH", "PUT") else len(self.comments) + 1
        self.comments[number] = str(body["body"])
        return {"id": number}


@contextmanager
def forge() -> Iterator[Forge]:
    """A forge on this machine."""
    told = Forge()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.headers.get("Content-Type") == "application/json":
                body = json.loads(data or "{}")
            else:
                body = {name: values[0] for name, values in parse_qs(data).items()}
            told.tokens.add(self.headers.get("Private-Token") or self.headers["Authorization"].split()[1])
            answer = json.dumps(told.answer(self.command, urlsplit(self.path).path, body)).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = do_PUT = _serve

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()
