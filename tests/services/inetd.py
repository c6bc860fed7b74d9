#!/usr/bin/env python3
"""Runs a command as inetd does: a client's connection is its standard input, output and error.

usage: inetd.py [LINE]... -- COMMAND [ARGUMENT]...

The client says its LINEs at once and nothing after them. What it hears is printed.
"""
import socket
import subprocess
import sys

SECONDS = 40


def main():
    words = sys.argv[1:]
    split = words.index("--")
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        service, _ = server.accept()
    client.settimeout(SECONDS)
    with subprocess.Popen(words[split + 1:], stdin=service, stdout=service, stderr=service):
        service.close()
        client.sendall("".join(line + "\n" for line in words[:split]).encode())
        client.shutdown(socket.SHUT_WR)
        while heard := client.recv(4096):
            sys.stdout.buffer.write(heard)
    sys.stdout.flush()


main()
