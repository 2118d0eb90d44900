#!/usr/bin/env python3
"""Logs a training run to an Anneal studio, with nothing but the standard library.

    python3 log_from_python.py --url http://localhost:4000 [--key KEY] [--steps 200]

Copy the class Run into your trainer. A studio with accounts needs an API key with the scope "log", in --key or in the environment
variable ANNEAL_API_KEY.

    run = Run("http://localhost:4000", name="My run", config={"learning_rate": 3e-4})
    run.log(step, {"loss": loss, "learningRate": rate}, epoch=step / 100, tokens=step * 4096)
    run.finish()

Logging never stops the training: points are sent in the background, and again while the studio is away. The studio knows a point by
metric, rank and step, so points that are sent twice are stored once.
"""

import argparse
import json
import math
import os
import random
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone

MOST_POINTS = 5000
CREATE = """mutation ($input: CreateLoggedRunInput!) {
  createLoggedRun(input: $input) { __typename ... on CreateLoggedRunSuccess { data { id } } ... on Error { message } }
}"""
LOG = """mutation ($input: LogMetricsInput!) {
  logMetrics(input: $input) { __typename ... on LogMetricsSuccess { data { accepted duplicates } } ... on Error { message } }
}"""
SAY = """mutation ($input: LogRunMessageInput!) {
  logRunMessage(input: $input) { __typename ... on Error { message } }
}"""
FINISH = """mutation ($input: FinishLoggedRunInput!) {
  finishLoggedRun(input: $input) { __typename ... on Error { message } }
}"""


class StudioError(Exception):
    """The studio has refused something; sending it again would not help."""


class Run:
    """One run in the studio."""

    def __init__(self, url, name=None, config=None, tags=(), key=None, seconds=1.0):
        """seconds: how often points are sent."""
        self.endpoint = url.rstrip("/") + "/graphql"
        self.key = key or os.environ.get("ANNEAL_API_KEY")
        given = {"name": name, "config": config, "tags": list(tags)}
        self.id = self._send(CREATE, {field: value for field, value in given.items() if value is not None})["data"]["id"]
        self.problem = None
        self._points = []
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._ended = threading.Event()
        self._seconds = seconds
        threading.Thread(target=self._send_now_and_then, daemon=True).start()

    def log(self, step, values, epoch=0.0, tokens=0, rank=0):
        """values: one number for each metric. NaN and infinities are kept as such."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        same = {"step": step, "epoch": epoch, "tokens": tokens, "rank": rank, "time": now}
        with self._lock:
            self._points.extend({"key": key, **same, **_number(float(value))} for key, value in values.items())

    def message(self, text, level="INFO"):
        """Adds a line to the log of the run. level: INFO, WARN or ERROR."""
        self._send(SAY, {"runId": self.id, "message": text, "level": level})

    def finish(self, state="COMPLETED", message=None):
        """Sends what is left and ends the run. state: COMPLETED, FAILED or CANCELLED."""
        self._ended.set()
        self.flush()
        end = {"runId": self.id, "state": state}
        self._send(FINISH, end if message is None else {**end, "message": message})

    def flush(self):
        """Sends the points so far, until the studio has them. Raises StudioError when it refuses them."""
        with self._sending:
            while True:
                with self._lock:
                    batch = self._points[:MOST_POINTS]
                if not batch:
                    return
                self._send(LOG, {"runId": self.id, "points": batch})
                with self._lock:
                    del self._points[: len(batch)]

    def _send_now_and_then(self):
        while not self._ended.wait(self._seconds):
            try:
                self.flush()
            except StudioError as error:
                self.problem = error
                print(f"Points are not logged any more: {error}")
                return

    def _send(self, document, given):
        """Sends one change, again and again while the studio cannot be reached or is too busy."""
        body = json.dumps({"query": document, "variables": {"input": given}}).encode()
        headers = {"content-type": "application/json"}
        if self.key:
            headers["authorization"] = "Bearer " + self.key
        pause = 0.5
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(self.endpoint, body, headers), timeout=60) as response:
                    answer = json.load(response)
                break
            except urllib.error.HTTPError as error:
                if error.code != 429 and error.code < 500:
                    raise StudioError(f"{error.code}: {error.read().decode(errors='replace')}") from error
                wait = float(error.headers.get("retry-after") or pause)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                wait = pause
            time.sleep(wait * (0.75 + random.random() / 2))
            pause = min(30.0, pause * 2)
        if answer.get("errors"):
            raise StudioError(answer["errors"][0]["message"])
        (result,) = answer["data"].values()
        if not result["__typename"].endswith("Success"):
            raise StudioError(result["message"])
        return result


def _number(value):
    """JSON has no NaN and no infinities."""
    if math.isnan(value):
        return {"nonFinite": "NAN"}
    if math.isinf(value):
        return {"nonFinite": "POSITIVE_INFINITY" if value > 0 else "NEGATIVE_INFINITY"}
    return {"value": value}


def main():
    parser = argparse.ArgumentParser(description="Fits a line by gradient descent and logs it.")
    parser.add_argument("--url", default="http://localhost:4000")
    parser.add_argument("--key", help="an API key with the scope log; default: ANNEAL_API_KEY")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--name", default="A line, from Python")
    arguments = parser.parse_args()

    rate, slope, offset = 0.05, 0.0, 0.0
    data = [(x / 10, 3 * x / 10 + 1 + random.gauss(0, 0.1)) for x in range(-20, 20)]
    run = Run(arguments.url, arguments.name, {"learning_rate": rate, "steps": arguments.steps}, ["python"], arguments.key)
    for step in range(1, arguments.steps + 1):
        errors = [(slope * x + offset - y, x) for x, y in data]
        slope -= rate * 2 * sum(error * x for error, x in errors) / len(data)
        offset -= rate * 2 * sum(error for error, _ in errors) / len(data)
        loss = sum(error * error for error, _ in errors) / len(data)
        run.log(step, {"loss": loss, "learningRate": rate}, epoch=step, tokens=step * len(data))
    run.message(f"y = {slope:.2f} x + {offset:.2f}")
    run.finish()
    print(run.id)


if __name__ == "__main__":
    main()
