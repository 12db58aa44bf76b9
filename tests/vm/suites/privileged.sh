#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# What takes CAP_SYS_RESOURCE: limits above the caller's hard limits, a lower oom_score_adj.
. /engine/lib.sh

is "CAP_SYS_RESOURCE is here" "$(($(printf '0x%s' "$(awk '/^CapEff/ {print $2}' /proc/self/status)") >> 24 & 1))" 1
hard=$(ulimit -Hn)
wanted=$((hard + 1000))
once '.process.rlimits = [{type: "RLIMIT_NOFILE", hard: '$wanted', soft: '$wanted'}]' /bin/sh -c 'ulimit -Hn'
is "RLIMIT_NOFILE above the caller's hard limit" "$output" "$wanted"
once '.process.rlimits = [{type: "RLIMIT_MSGQUEUE", hard: 1638400, soft: 1638400}]' /bin/cat /proc/self/limits
like "RLIMIT_MSGQUEUE above the default" "$output" "^Max msgqueue size +1638400 +1638400"
once '.process.rlimits = [{type: "RLIMIT_NICE", hard: 40, soft: 40}]' /bin/cat /proc/self/limits
like "RLIMIT_NICE" "$output" "^Max nice priority +40 +40"
once '.process.oomScoreAdj = -500' /bin/cat /proc/self/oom_score_adj
is "oomScoreAdj below the caller's" "$output" -500
finish
