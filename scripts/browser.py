# SPDX-License-Identifier: MIT
"""A headless Chromium, told what to do through the pipe of its DevTools protocol: JSON messages that
end with a zero byte, commands on its descriptor 3 and answers on 4. Needs nothing but Python."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Failure(Exception):
    """The browser did not do what it was asked to."""


def find():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """Events are kept as they come, for whoever asks; one page at a time."""

    def __init__(self, path, patience=60):
        self.deadline = time.monotonic() + patience
        self.profile = tempfile.TemporaryDirectory(prefix="mlabench-browser-")
        for_it, to_it = os.pipe()
        from_it, of_it = os.pipe()
        # Its descriptors 3 and 4, whatever numbers they have here.
        shell = f'exec "$@" 3<&{for_it} 4>&{of_it}'
        flags = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "--no-first-run",
            "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions",
            "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--mute-audio",
        ]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", path, *flags], pass_fds=(for_it, of_it), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(for_it)
        os.close(of_it)
        self.write, self.read = to_it, from_it
        self.rest, self.number, self.events, self.session = b"", 0, [], None

    def close(self):
        try:
            self.call("Browser.close", on_page=False)
        except (Failure, OSError):
            pass
        os.close(self.write)
        os.close(self.read)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()

    def next_message(self):
        while b"\0" not in self.rest:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.read], [], [], left)[0]:
                raise Failure("the browser takes too long")
            got = os.read(self.read, 1 << 16)
            if not got:
                raise Failure("the browser ended")
            self.rest += got
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, on_page=True, **parameters):
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if on_page and self.session:
            command["sessionId"] = self.session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        while True:
            message = self.next_message()
            if message.get("id") == command["id"]:
                if "error" in message:
                    raise Failure(f"{method}: {message['error']['message']}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def wait(self, method):
        while not any(event["method"] == method for event in self.events):
            message = self.next_message()
            if "method" in message:
                self.events.append(message)

    def open(self, url, width, height, dark=False, scripts=True, phone=False):
        """Loads the page in a new tab of that size; the events so far are forgotten."""
        if self.session:
            self.call("Page.close")
            self.session = None
        target = self.call("Target.createTarget", on_page=False, url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", on_page=False, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        if phone:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events = []
        self.call("Page.navigate", url=url)
        self.wait("Page.loadEventFired")

    def ask(self, expression):
        """The value of a JavaScript expression in the page. Works where the page's own scripts do not."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failure(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def picture(self, path, whole=False, clip=None):
        """A PNG of what is shown, of the whole page, or of x, y, width and height of it."""
        more = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = (0, 0, size["width"], min(size["height"], 16000))
        if clip:
            more = {"captureBeyondViewport": True,
                    "clip": dict(zip(("x", "y", "width", "height"), clip), scale=1)}
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png", **more)["data"])
        with open(path, "wb") as file:
            file.write(data)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name, code, text=""):
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **more)
