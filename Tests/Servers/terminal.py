#!/usr/bin/env python3
"""terminal.py ANSWER... -- PROGRAM ARGUMENT...: runs the program on a terminal, and types an answer after each '? '.

What appears on the terminal goes to standard output. Ends as the program does.
"""
import os
import pty
import sys

split = sys.argv.index("--")
answers, words = sys.argv[1:split], sys.argv[split + 1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(words[0], words)
seen = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        data = b""
    if not data:
        break
    os.write(1, data.replace(b"\r\n", b"\n"))
    seen += data
    if answers and seen.rstrip(b" ").endswith(b"?"):
        os.write(terminal, answers.pop(0).encode() + b"\n")
        seen = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
