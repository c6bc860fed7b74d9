#!/usr/bin/env python3
"""A person at a terminal: runs a command on a pseudo-terminal of its own and answers what it asks.

usage: typist.py [PROMPT ANSWER]... -- COMMAND [ARGUMENT]...

PROMPT is a regular expression. When it has appeared on the screen, after the one before, ANSWER is typed. An
ANSWER "@phone" is the code of the app whose key was on the screen last; the key is kept in the file that
the environment names in PHONE. "@interrupt" is Ctrl-C, again while nothing happens: one that comes after a
prompt of sudo's and before its read() is lost. "@end" is Ctrl-D, "@away" closes the terminal.
The screen is printed when the command ends, and a line for each PROMPT that was never seen; the exit status
is the command's, or 124 if it did not end within the time.
"""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

SECONDS = 40
AGAIN = 0.2
KEY = re.compile(r"\b(?:[A-Z2-7]{4} ){4,}[A-Z2-7]{1,4}\b")
KEYS = {"@interrupt": b"\x03", "@end": b"\x04"}


def look_at_phone(screen):
    key = KEY.findall(screen)[-1].replace(" ", "")
    with open(os.environ["PHONE"], "w") as phone:
        phone.write(key + "\n")
    code = subprocess.run([os.environ["AUTHENTICATOR"]], input=key, capture_output=True, text=True, check=True)
    return code.stdout.strip()


def type_answer(terminal, answer, screen):
    if answer == "@away":
        os.close(terminal)
        return False
    if answer == "@phone":
        answer = look_at_phone(screen)
    os.write(terminal, KEYS.get(answer) or answer.encode() + b"\n")
    return True


def read_some(terminal, seconds):
    """What the command wrote; empty at its end, None if it took too long."""
    ready, _, _ = select.select([terminal], [], [], max(seconds, 0))
    if not ready:
        return None
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def attend(terminal, answers):
    """Returns the screen, the answers that were not asked for, and whether the command took too long."""
    end = time.monotonic() + SECONDS
    raw, seen, interrupting = b"", 0, False
    while True:
        screen = raw.decode(errors="replace").replace("\r", "")
        prompt = re.compile(answers[0][0]).search(screen, seen) if answers else None
        if prompt:
            seen = prompt.end()
            answer = answers.pop(0)[1]
            interrupting = answer == "@interrupt"
            if not type_answer(terminal, answer, screen):
                return screen, answers, False
            continue
        left = end - time.monotonic()
        some = read_some(terminal, min(left, AGAIN) if interrupting else left)
        if some is None and interrupting and left > AGAIN:
            os.write(terminal, KEYS["@interrupt"])
            continue
        if not some:
            return screen, answers, some is None
        raw += some
        interrupting = False


def main():
    words = sys.argv[1:]
    split = words.index("--")
    answers = list(zip(words[0:split:2], words[1:split:2]))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(words[split + 1], words[split + 1:])
    screen, unasked, late = attend(terminal, answers)
    if late:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.stdout.write(screen)
    for prompt, _ in unasked:
        print(f"\ntypist: not asked: {prompt}")
    if late:
        print("\ntypist: the command did not end")
    return 124 if late else status if status >= 0 else 128 - status


sys.exit(main())
