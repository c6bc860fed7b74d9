"""Turns schema.sql into C strings, one a migration step: embed_schema.py schema.sql schema.c"""

import re
import sys

source, target = sys.argv[1:]
steps = {"main": [], "events": []}
current = None

with open(source, encoding="utf-8") as lines:
    for number, line in enumerate(lines, 1):
        mark = re.fullmatch(r"-- @step (\w+) (\d+)\s*", line)
        if mark:
            steps[mark[1]].append([])
            current = steps[mark[1]][-1]
            if int(mark[2]) != len(steps[mark[1]]):
                sys.exit(f"{source}:{number}: step {mark[2]} of {mark[1]} is out of order")
            continue
        text = re.sub(r"\s*--.*", "", line.rstrip())
        if text and current is None:
            sys.exit(f"{source}:{number}: statement before the first step")
        if text:
            current.append(text)

# Arrays of characters: ISO C allows string literals of 4095 only.
with open(target, "w", encoding="ascii") as out:
    out.write('/* Made from schema.sql; edit that. */\n#include "store/schema.h"\n')
    for name, parts in steps.items():
        for number, part in enumerate(parts, 1):
            out.write(f"\nstatic const char {name}_{number}[] = {{\n")
            for text in part:
                out.write("\t" + " ".join(f"{ord(letter)}," for letter in text + "\n") + "\n")
            out.write("\t0\n};\n")
        names = ", ".join(f"{name}_{number}" for number in range(1, len(parts) + 1))
        out.write(f"\nconst char *const schema_{name}[] = {{ {names} }};\n")
        out.write(f"const unsigned schema_{name}_version = {len(parts)};\n")
