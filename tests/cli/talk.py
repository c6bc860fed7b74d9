#!/usr/bin/env python3
"""talk.py [PROMPT ANSWER]... -- COMMAND...: runs a command on a terminal of its own and answers its prompts.

Answers are literal; "@totp" is the code of the key shown last, "@wrong" a code that is wrong for it, "@eof" the end
of input, "@interrupt" Ctrl-C. What the terminal showed goes to stdout; the exit status is the command's, 98 if a
prompt did not come, 128 + N after a signal. A line "# echo on" or "# echo off" tells how the terminal was left."""
import base64
import hashlib
import hmac
import os
import pty
import re
import select
import struct
import sys
import termios
import time

TIME_LIMIT = 20


def totp(key, step):
    digest = hmac.new(base64.b32decode(key + "=" * (-len(key) % 8)), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000)


def wrong(key):
    now = int(time.time()) // 30
    near = {totp(key, step) for step in range(now - 11, now + 12)}
    return next("%06d" % n for n in range(1000000) if "%06d" % n not in near)


def answer(word, shown):
    keys = re.findall(r"Key for the app: ([A-Z2-7 ]+)", shown) or re.findall(r"secret=([A-Z2-7]+)", shown)
    key = keys[-1].replace(" ", "") if keys else os.environ.get("TALK_KEY", "")
    if word == "@totp":
        return totp(key, int(time.time()) // 30 + int(os.environ.get("TALK_STEP", "0"))) + "\n"
    return {"@wrong": lambda: wrong(key) + "\n", "@eof": lambda: "\x04", "@interrupt": lambda: "\x03"}.get(
        word, lambda: word + "\n")()


def read(master, shown, until):
    """Reads until the text is there or nothing will come any more."""
    end = time.time() + TIME_LIMIT
    while time.time() < end:
        if until is not None and until in shown[0][shown[1]:]:
            shown[1] = shown[0].index(until, shown[1]) + len(until)
            return True
        ready, _, _ = select.select([master], [], [], end - time.time())
        if not ready:
            return False
        try:
            data = os.read(master, 4096)
        except OSError:
            return False
        if not data:
            return False
        shown[0] += data.decode("utf-8", "replace").replace("\r", "")
    return False


def main():
    split = sys.argv.index("--")
    turns, command = sys.argv[1:split], sys.argv[split + 1:]
    master, slave = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.setsid()
        fd = os.open(os.ttyname(slave), os.O_RDWR)
        for to in (0, 1, 2):
            os.dup2(fd, to)
        os.execvp(command[0], command)
    shown = ["", 0]
    missing = False
    for prompt, word in zip(turns[::2], turns[1::2]):
        if not read(master, shown, prompt):
            missing = True
            break
        end = time.time() + TIME_LIMIT
        while "ode" in prompt and termios.tcgetattr(slave)[3] & termios.ECHO and time.time() < end:
            time.sleep(0.005)
        os.write(master, answer(word, shown[0]).encode())
    if missing:
        os.kill(pid, 9)
    echo = "on"
    end = time.time() + TIME_LIMIT
    status = None
    while status is None:
        while select.select([master], [], [], 0.01)[0]:
            shown[0] += os.read(master, 4096).decode("utf-8", "replace").replace("\r", "")
        done, raw = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(raw)
        elif time.time() > end:
            os.kill(pid, 9)
            missing = True
    while select.select([master], [], [], 0)[0]:
        shown[0] += os.read(master, 4096).decode("utf-8", "replace").replace("\r", "")
    if not termios.tcgetattr(slave)[3] & termios.ECHO:
        echo = "off"
    sys.stdout.write(shown[0] + "\n# echo " + echo + "\n")
    sys.exit(98 if missing else 128 - status if status < 0 else status)


main()
