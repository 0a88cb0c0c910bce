#!/usr/bin/env python3
"""Writes the input of the figure "mixed lines": OpenSSH, Linux and Apache lines over and over.

    benches/mix.py DATA OUT [--lines 2000000] [--rate 1000] [--start 2025-12-10T06:55:46]

DATA is a folder with `OpenSSH/*.log`, `Linux/*.log` and `Apache/*.log` (the layout of loghub).
OUT gets `openssh.log`, `linux.log` and `apache.log`: line i of all goes to file i mod 3 and bears
the time START + i / RATE seconds, so that each file is monotone and all three together hold RATE
lines per second of log. The text after the time is that of the data, in its order, from the top
again when it ends. Each time keeps the format of its file:

    Dec 10 06:55:46 …                   year-less syslog, day padded with a space
    [Wed Dec 10 06:55:46 2025] …        with the weekday of the new date

Year-less times get their year from the modification time of the file, which is therefore set to the
time of its last line. Lines of the data without such a time are left out. The same arguments give
the same bytes.
"""

import argparse
import datetime
import itertools
import os
import pathlib
import re
import sys

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()


def syslog_time(t):
    return f"{MONTHS[t.month - 1]} {t.day:2d} {t:%H:%M:%S}"


def ctime(t):
    return f"[{DAYS[t.weekday()]} {MONTHS[t.month - 1]} {t.day:02d} {t:%H:%M:%S} {t.year}]"


SYSLOG = re.compile(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")
CTIME = re.compile(rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \d{4}\]")

# Folder, file to write, the time as it stands in the data, the time as it is written.
SOURCES = [
    ("OpenSSH", "openssh.log", SYSLOG, syslog_time),
    ("Linux", "linux.log", SYSLOG, syslog_time),
    ("Apache", "apache.log", CTIME, ctime),
]


def tails(folder, pattern):
    """The lines of a folder's logs without their times."""
    files = sorted(folder.glob("*.log"))
    if not files:
        sys.exit(f"mix.py: no *.log in {folder}")
    found = []
    for file in files:
        for line in file.read_bytes().splitlines():
            time = pattern.match(line)
            if time:
                found.append(line[time.end():])
    if not found:
        sys.exit(f"mix.py: no line in {folder} begins with the time that is expected there")
    return found


def write(path, rests, show, start, numbers, rate):
    """Writes one file: the lines of these numbers."""
    second, stamp = None, b""
    with open(path, "wb", buffering=1 << 20) as out:
        for number, rest in zip(numbers, itertools.cycle(rests)):
            if number // rate != second:
                second = number // rate
                stamp = show(start + datetime.timedelta(seconds=second)).encode()
            out.write(stamp + rest + b"\n")
    if second is not None:
        last = start + datetime.timedelta(seconds=second)
        ns = int(last.replace(tzinfo=datetime.timezone.utc).timestamp()) * 10**9
        os.utime(path, ns=(ns, ns))


def main():
    about, details = __doc__.split("\n\n", 1)
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=details, formatter_class=shape)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=2_000_000, help="lines in all")
    parser.add_argument("--rate", type=int, default=1_000, help="lines per second of log")
    first = datetime.datetime(2025, 12, 10, 6, 55, 46)
    parser.add_argument("--start", type=datetime.datetime.fromisoformat, default=first)
    args = parser.parse_args()
    if args.lines < 1 or args.rate < 1:
        parser.error("--lines and --rate must be at least 1")
    args.out.mkdir(parents=True, exist_ok=True)
    for index, (folder, name, pattern, show) in enumerate(SOURCES):
        rests = tails(args.data / folder, pattern)
        numbers = range(index, args.lines, len(SOURCES))
        write(args.out / name, rests, show, args.start, numbers, args.rate)


if __name__ == "__main__":
    main()
