#!/usr/bin/env python3
"""typist.py STEP... -- PROGRAM ARGUMENT...: uses the program on a terminal.

Steps, in their order: expect=TEXT waits until the program has shown the text, type=TEXT types it, size=ROWSxCOLUMNS
changes the window; in TEXT, \\r and the like are keys. What appears on the terminal goes to standard output, then a line
that says whether the terminal is as it was before. Ends as the program does.
"""
import fcntl
import os
import pty
import struct
import sys
import termios


def resize(terminal, text):
    rows, columns = text.split("x")
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


split = sys.argv.index("--")
steps, words = [step.split("=", 1) for step in sys.argv[1:split]], sys.argv[split + 1:]
controller, program_side = pty.openpty()
resize(controller, "24x80")
before = termios.tcgetattr(program_side)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(program_side, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(program_side, number)
    os.closerange(3, 64)
    os.execv(words[0], words)

seen = b""
end = os.pidfd_open(pid)
import select
while True:
    while steps:
        kind, text = steps[0]
        data = text.encode().decode("unicode_escape").encode()
        if kind == "expect":
            if data not in seen:
                break
            seen = seen[seen.index(data) + len(data):]
        elif kind == "type":
            os.write(controller, data)
        elif kind == "size":
            resize(controller, text)
        steps.pop(0)
    ready, _, _ = select.select([controller, end], [], [])
    if controller in ready:
        data = os.read(controller, 65536)
        os.write(1, data)
        seen += data
    elif end in ready:
        break
after = termios.tcgetattr(program_side)
print(f"\nterminal: {'as before' if after == before else 'changed'}, steps left: {len(steps)}", flush=True)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
