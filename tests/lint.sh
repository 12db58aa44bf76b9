#!/usr/bin/env bash
# The house rules that a tool or a grep can hold. Prints every breach as file:line and the reason; non-zero when there is one.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

breaches=0
breach() { printf '%s\n' "$1" >&2; breaches=$((breaches + 1)); }

# Rules: where | except | pattern (extended grep) | reason. `where` and `except` are git pathspecs. Letters in brackets keep a rule
# from finding itself.
RULES='
*                    |                              | (^\|[^A-Za-z0-9_.])/(wor[k]\|far[m]\|tmp/w[t]\|tmp/brie[f])/  | path of a development machine
*                    |                              | \b(TOD[O]\|FIXM[E]\|HAC[K]\|XX[X]\|NotImplementedExceptio[n])\b | a promise for later is an issue, not a line
*.cs                 | engine/Linux/* rpc/Linux/* tests/* | \[(DllImport\|LibraryImport)      | system calls of hosted code live in engine/Linux and rpc/Linux
*.cs                 | engine/Cli/* engine/Program.cs tests/* | \b(Environment\.Exit\|Console\.) | only engine/Cli prints and exits
shared/*.cs          |                              | \bthrow\b                              | shared code does not throw: it compiles in a world without exceptions
shared/*.cs          |                              | \bnew [A-Za-z]+(<[^>]*>)?\[            | shared code does not allocate
shared/*.cs          |                              | \bforeach\b                            | shared code does not enumerate
starter/*.cs         | starter/Sys/* starter/Rt/*   | RuntimeImport                          | system calls of the starter live in starter/Sys
tests/*.cs           | tests/Integration/Support/*  | \bThread\.Sleep\|Task\.Delay           | wait for a condition with Eventually, never for a time
*.cs                 | tests/*                      | JsonSerializer\.(Des\|S)erialize(<[^>]*>)?\([^,()]*\) | serialization by reflection does not survive NativeAOT
'

while IFS= read -r rule; do
    [[ $rule ]] || continue
    # `\|` inside a pattern is an alternative; a bare `|` separates the columns.
    IFS=$'\x1f' read -r where except pattern reason < <(sed 's/\\|/\x1e/g; s/ *| */\x1f/g; s/\x1e/|/g' <<<"$rule")
    pathspec=()
    for p in $where; do pathspec+=(":(glob)**/$p" ":(glob)$p" "$p"); done
    for p in $except; do pathspec+=(":(exclude)$p"); done
    while IFS= read -r hit; do
        breach "$hit"$'\n'"    $reason"
    done < <(set -f; git grep -nIE -e "$pattern" -- "${pathspec[@]}")
done <<<"$RULES"

# One subject a file; a longer one is two.
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    ((lines <= 450)) || breach "$file: $lines lines (450 at most)"
done < <(git ls-files '*.cs' ':(exclude)shared/Linux/*')

# A project that the solution does not know is opened by nobody.
while IFS= read -r project; do
    grep -qF "\"${project//\//\\}\"" Engine.sln || breach "$project is not in Engine.sln: run ./build.sh solution"
done < <(git ls-files '*.csproj')

# Executable files are scripts that bash can read.
while IFS= read -r script; do
    bash -n "$script" || breach "$script: does not parse"
    if command -v shellcheck >/dev/null; then shellcheck "$script" || breach "$script: shellcheck"; fi
done < <(git ls-files '*.sh' .ci/run)

dotnet format whitespace . --folder --verify-no-changes --exclude out 2>&1 | head -n 40
((PIPESTATUS[0] == 0)) || breach "dotnet format whitespace . --folder would change the files above"

if ((breaches)); then
    printf 'lint: %d breaches\n' "$breaches" >&2
    exit 1
fi
printf 'lint: clean\n'
