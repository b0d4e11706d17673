#!/usr/bin/env python3
"""memory.py REPORT PROGRAM ARGUMENT...: runs the program, and writes the kilobytes to REPORT that it or a process it
waited for had at most. Ends as the program does.
"""
import os
import sys

# Something has to fork: what execs into the program would be counted with it. (busybox's time counts in pages.)
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as report:
    report.write(f"{usage.ru_maxrss}\n")
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
