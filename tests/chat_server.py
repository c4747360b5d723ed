"""A server on loopback that speaks OpenAI's protocol: what graders and the engine `openai` are tested against."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[Any], tuple[int, Any]]


class Server:
    """Chat and other completions on loopback; `answer(question)` gives a status and the reply, or a whole body.

    `models` are what it lists as served; without any it has no list. It says its `version` as vLLM does, if it has one.
    """

    def __init__(self, answer: Answer, models: list[dict[str, Any]] | None = None, version: str | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if version is not None and self.path == "/version":
                    return self._send(200, {"version": version})
                found = models is not None and self.path == "/v1/models"
                self._send(200 if found else 404, {"object": "list", "data": models} if found else {"error": "no"})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append({"path": self.path, "authorization": self.headers["Authorization"], **body})
                chat = "messages" in body
                status, reply = answer(body["messages"][-1]["content"] if chat else body["prompt"])
                if isinstance(reply, str):
                    message = {"message": {"role": "assistant", "content": reply}} if chat else {"text": reply}
                    choice = {"index": 0, "finish_reason": "stop", **message}
                    kind = "chat.completion" if chat else "text_completion"
                    reply = {"id": "1", "object": kind, "created": 0, "model": "g", "choices": [choice]}
                self._send(status, reply)

            def _send(self, status: int, reply: Any) -> None:
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Server:
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
