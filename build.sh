#!/usr/bin/env bash
# Every task of a developer, one function a verb. `./build.sh help` prints them from the ## comments.
# shellcheck disable=SC2317 # functions are called by name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly OUT=$PWD/out
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# The SDK itself asks for ICU, which a bare machine may lack.
compgen -G '/usr/lib*/*/libicuuc.so.*' >/dev/null || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
# Build servers would outlive the command and keep files of a temporary clone open.
export MSBUILDDISABLENODEREUSE=1
readonly QUIET=(--nologo -v:quiet -p:UseSharedCompilation=false)

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# ---------------------------------------------------------------------------------------------------------------------
# Debian packages: set | package | what must exist | why. A package is installed only when the third column is missing.
# `cmd:` a program on PATH, `file:` a path (with * allowed).
PACKAGES='
build | gcc                   | cmd:gcc                                   | links the engine, the starter and the pump
build | binutils              | cmd:objcopy                               | strips the debug information into its own file
build | libc6-dev             | file:/usr/include/*/bits/libc-header-start.h | start files and headers for the engine
build | ca-certificates       | file:/etc/ssl/certs/ca-certificates.crt    | NuGet packages come over TLS
build | libseccomp2           | file:/usr/lib/*/libseccomp.so.2           | compiles seccomp profiles (loaded by the engine, never by the starter)
demo  | busybox-static        | cmd:busybox                               | the root filesystem of the container, and nc for its sockets
demo  | util-linux            | cmd:setsid                                | a private mount namespace and a terminal for the test
test  | busybox-static        | cmd:busybox                               | the root filesystem of the test containers
test  | util-linux            | cmd:setsid                                | private mount namespaces and terminals for the tests
test  | python3               | cmd:python3                               | runs the independent MessagePack peer
test  | python3-msgpack       | file:/usr/lib/python3/dist-packages/msgpack/__init__.py | an independent MessagePack implementation proves the bytes
test  | runc                  | cmd:runc                                  | peer: command line and output of engine-runc are compared with it
test  | strace                | cmd:strace                                | proves the order of system calls
test  | uidmap                | cmd:newuidmap                             | ranges of ids for an ordinary user
test  | gcc-aarch64-linux-gnu | cmd:aarch64-linux-gnu-gcc                 | the arm64 layouts are proved by the C compiler
test  | qemu-user             | cmd:qemu-aarch64                          | runs the freestanding self-test as arm64
test  | libc6-dev-arm64-cross | file:/usr/aarch64-linux-gnu/include/stdio.h | headers for the same
vm    | qemu-system-x86       | cmd:qemu-system-x86_64                    | the virtual machine, emulated in software
vm    | mmdebstrap            | cmd:mmdebstrap                            | makes its root from Debian packages
vm    | e2fsprogs             | file:/sbin/mke2fs                         | makes the image of the root
vm    | kmod                  | cmd:depmod                                | its kernel modules
vm    | cpio                  | cmd:cpio                                  | its initramfs
vm    | busybox-static        | cmd:busybox                               | the same, and the root filesystem of the containers inside
bench | busybox-static        | cmd:busybox                               | the root filesystem of the measured container
bench | crun                  | cmd:crun                                  | peer: the fastest runtime
bench | runc                  | cmd:runc                                  | peer: the reference runtime
bench | conmon                | cmd:conmon                                | peer: the container monitor
bench | util-linux            | cmd:unshare                               | a private cgroup view, without which crun refuses a hybrid machine
oci   | busybox-static        | cmd:busybox                               | the root filesystem of the containers
oci   | util-linux            | cmd:unshare                               | the private cgroup views
oci   | iproute2              | cmd:ip                                    | a network device that is handed to a container
oci   | runc                  | cmd:runc                                  | peer: a suite that the reference fails would be wrong
oci   | crun                  | cmd:crun                                  | peer: another reading of the specification
faults | busybox-static       | cmd:busybox                               | the root filesystem of the containers
faults | util-linux           | cmd:unshare                               | private mount namespaces
faults | e2fsprogs            | file:/sbin/mke2fs                         | a file system that loses its power
faults | strace               | cmd:strace                                | a tracer in the way of a kill
clients | busybox-static      | cmd:busybox                               | the image of the containers
clients | util-linux          | cmd:unshare                               | the private namespaces of a lane, and setpriv
clients | bsdutils            | cmd:script                                | a terminal for the interactive cases
clients | iproute2            | cmd:ip                                    | the network of a lane
podman | podman               | cmd:podman                                | the client
podman | conmon               | cmd:conmon                                | its monitor, which calls the runtime
podman | crun                 | cmd:crun                                  | podman depends on it; a peer
podman | netavark             | file:/usr/lib/podman/netavark             | its bridge networks
podman | iptables             | cmd:iptables                              | published ports
podman | catatonit            | cmd:catatonit                             | --init and the infra container of a pod
rootless | uidmap             | cmd:newuidmap                             | ranges of ids for an ordinary user
rootless | slirp4netns        | cmd:slirp4netns                           | the network of an ordinary user
buildah | buildah             | cmd:buildah                               | the client
containerd | containerd       | cmd:containerd                            | the client, its v2 shim and ctr
containerd | runc             | cmd:runc                                  | containerd depends on it; a peer
kubernetes | python3-grpcio   | file:/usr/lib/python3/dist-packages/grpc/__init__.py | calls the CRI of containerd as a kubelet does
docker | docker.io            | cmd:dockerd                               | the client
docker | tini                 | cmd:docker-init                           | --init
docker | iptables             | cmd:iptables                              | the bridge network
slurm | slurmctld             | cmd:slurmctld                             | the controller
slurm | slurmd                | cmd:slurmd                                | the node
slurm | slurm-client          | cmd:srun                                  | the client
slurm | munge                 | cmd:munged                                | its credentials
'

present() { # cmd:NAME | file:GLOB
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    file:*) compgen -G "${1#file:}" >/dev/null ;;
    esac
}

# need SET...: installs what the sets lack; silent and offline when nothing is missing.
need() {
    command -v dotnet >/dev/null || die "no dotnet on PATH: install the .NET SDK $(sed -n 's/.*"version": *"\([0-9]*\).*/\1/p' global.json) first"
    local missing=() set package what why wanted=" $* "
    while IFS='|' read -r set package what why; do
        set=${set// /} package=${package// /} what=${what// /}
        [[ -n $set && $wanted == *" $set "* ]] || continue
        present "$what" && continue
        case " ${missing[*]-} " in *" $package "*) continue ;; esac
        say "missing: $package,$why"
        missing+=("$package")
    done <<<"$PACKAGES"
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || die "not root: install them with: sudo apt-get install ${missing[*]}"
    command -v apt-get >/dev/null || die "no apt-get here: install by hand: ${missing[*]}"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    local apt=(apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300) policy='' said done=''
    # A package that brings a daemon must not start it.
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    fi
    # A bare machine has no package lists, and an old one has lists of packages that are gone.
    { said=$("${apt[@]}" install --no-install-recommends "${missing[@]}" 2>&1) ||
        said=$("${apt[@]}" update 2>&1 && "${apt[@]}" install --no-install-recommends "${missing[@]}" 2>&1); } && done=1
    [[ -z $policy ]] || rm -f "$policy"
    [[ $done ]] || die "apt-get could not install ${missing[*]}:"$'\n'"$said"
}

## deps [SET...]: install the Debian packages of the sets build, test, demo, bench (default: the first three)
verb_deps() {
    if (($#)); then need "$@"; else need build test demo; fi
}

# ---------------------------------------------------------------------------------------------------------------------

# fingerprint PATH...: changes when a source below is added, removed or edited.
fingerprint() {
    find "$@" Directory.Build.props Directory.Packages.props global.json build.sh \
        \( -name bin -o -name obj \) -prune -o -type f -printf '%p %s %T@\n' | LC_ALL=C sort | sha256sum
}

# step NAME OUTPUT "SOURCES" COMMAND...: runs COMMAND unless OUTPUT exists and was made from the same sources.
step() {
    local name=$1 output=$2 sources=$3 mark=$OUT/.stamps/$1 now begin=$EPOCHREALTIME
    shift 3
    # shellcheck disable=SC2086 # the sources are a list of words
    now=$(fingerprint $sources)
    [[ -e $output && -e $mark && $(<"$mark") == "$now" ]] && return 0
    say "$name"
    rm -f "$mark"
    "$@"
    [[ -e $output ]] || die "$name: $output was not made"
    mkdir -p "$OUT/.stamps"
    printf '%s\n' "$now" >"$mark"
    say "$name: $(stat -c %s "$output") bytes, $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000)) ms"
}

# place MODE FILE TARGET: replaces TARGET by rename, so that a running container keeps the file that it has open.
place() {
    mkdir -p "$(dirname "$3")"
    install -m "$1" "$2" "$3.new"
    mv -f "$3.new" "$3"
}

build_engine() {
    dotnet publish engine/Engine.csproj -c Release -r linux-x64 "${QUIET[@]}" -o "$OUT/.publish"
    place 0755 "$OUT/.publish/engine" "$OUT/bin/engine"
    if [[ -e $OUT/.publish/engine.dbg ]]; then place 0644 "$OUT/.publish/engine.dbg" "$OUT/debug/engine.dbg"; fi
    ln -sfn engine "$OUT/bin/engine-runc"
}

# build_freestanding PROJECT: its settings (starter/Freestanding.targets) put the program under out/
build_freestanding() {
    dotnet msbuild -restore "$1" "${QUIET[@]}"
}

## build: engine, engine-runc, starter and pump under out/; does nothing when no source has changed
verb_build() {
    need build
    step engine "$OUT/bin/engine" "engine rpc shared" build_engine
    step starter "$OUT/libexec/engine/starter" "starter shared" build_freestanding starter/Starter.csproj
    step pump "$OUT/libexec/engine/pump" "starter shared" build_freestanding starter/Pump/Pump.csproj
}

# The static payload of the test containers.
build_probe() {
    step probe "$OUT/test/probe" "tests/Probe starter shared" build_freestanding tests/Probe/Probe.csproj
}

## demo: build, then take one busybox container through its whole life and check that nothing is left
verb_demo() {
    need build demo
    verb_build
    exec tests/demo.sh "$OUT"
}

## test [PROJECT...]: build, run every test project (or those named, for example Unit), close with `N passed, N failed`
verb_test() {
    need build test
    verb_build
    build_probe
    local projects=() name
    if (($#)); then
        for name; do projects+=(tests/"$name"/*.csproj); done
    else
        mapfile -t projects < <(grep -l '<Import Project="../Tests.props"' tests/*/*.csproj)
    fi
    run_tests "${projects[@]}"
}

## test-unit: the tests that need no root and no container
verb_test-unit() { verb_test Unit; }

## test-integration: the tests that run real containers (as root; without root they say why they are skipped)
verb_test-integration() { verb_test Integration; }

## test-vm [SUITE|SCRIPT...]: boot a virtual machine (cgroup v2, AppArmor, systemd) and run the suites of tests/vm in it
verb_test-vm() {
    need build vm
    verb_build
    build_probe
    exec tests/vm/run.sh "$OUT" "$@"
}

# fuzz_run SECONDS SEED [FILTER]
fuzz_run() {
    need build test
    dotnet msbuild -restore tests/Fuzz/Engine.Tests.Fuzz.csproj "${QUIET[@]}"
    ENGINE_OUT=$OUT ENGINE_FUZZ_SECONDS=$1 ENGINE_FUZZ_SEED=$2 dotnet test tests/Fuzz/Engine.Tests.Fuzz.csproj --no-build --nologo \
        --logger "console;verbosity=minimal" ${3:+--filter "$3"}
}

## fuzz [SECONDS] [SEED]: mutated input for every parser (default: 300 seconds in all, a new seed); findings go to out/fuzz
verb_fuzz() { fuzz_run "${1:-300}" "${2:-$RANDOM}"; }

## fuzz-native [SECONDS] [SEED]: mutated input for the starter's own readers and its codec, compared with the hosted ones; SECONDS for each
verb_fuzz-native() { fuzz_run "$((${1:-60} * 20))" "${2:-$RANDOM}" Kind=Native; }

# One counter of a test report; 0 when the report does not have it.
counter() { sed -n "s/.*<Counters [^>]*\\b$2=\"\\([0-9]*\\)\".*/\\1/p" "$1" | head -n 1; }

# The skipped tests of a report with their reasons.
skips() {
    awk '/<UnitTestResult .*outcome="NotExecuted"/ {match($0, /testName="[^"]*"/); name = substr($0, RSTART + 10, RLENGTH - 11)}
        name != "" && /<Message>/ {sub(/.*<Message>/, ""); sub(/<\/Message>.*/, ""); print "not run: " name ": " $0; name = ""}' "$1"
}

run_tests() {
    local results=$OUT/test-results project report passed=0 failed=0 skipped=0 broken=0 n total
    rm -rf "$results"
    export ENGINE_OUT=$OUT
    for project; do
        dotnet msbuild -restore "$project" "${QUIET[@]}" || { printf '0 passed, 1 failed\n'; return 1; }
    done
    for project; do
        name=$(basename "$project" .csproj)
        say "$name"
        report=$results/$name.trx
        # A hanging test is named and ended, so that the run always closes with its line.
        dotnet test "$project" --no-build --nologo --blame-hang --blame-hang-timeout 5m --blame-hang-dump-type none \
            --results-directory "$results" --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" </dev/null || broken=1
        if [[ ! -e $report ]]; then failed=$((failed + 1)); broken=1; continue; fi
        n=$(counter "$report" passed); passed=$((passed + ${n:-0}))
        total=$(counter "$report" total)
        skipped=$((skipped + ${total:-0} - $(counter "$report" executed)))
        n=$(counter "$report" failed); failed=$((failed + ${n:-0}))
        n=$(counter "$report" error); failed=$((failed + ${n:-0}))
        skips "$report"
    done
    # A run that ended badly without a failed test (the test host died) is a failure, too.
    ((broken && failed == 0)) && failed=1
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped)) && printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
}

# One program for every runtime and every cgroup view (tests/Conformance).
build_conformance() { dotnet msbuild -restore tests/Conformance/Conformance.csproj "${QUIET[@]}"; }

prepare_conformance() {
    need build oci
    build_probe
    step conformance "$OUT/test/conformance/conformance.dll" "tests/Conformance tests/Integration/Support" build_conformance
}

# conformance VIEW ARGUMENT...: in a private mount namespace with that cgroup view; hybrid is the machine's own.
conformance() {
    local view=$1 run=(tests/cgroup-view.sh "$1")
    shift
    [[ $view != hybrid ]] || run=(unshare --mount --propagation private --)
    # runc gives the stdio of a container in a user namespace away, and with it the machine's /dev/null: here it is a node of our own.
    # shellcheck disable=SC2016 # expanded by the inner shell
    ENGINE_OUT=$OUT timeout -k 30 1800 "${run[@]}" sh -c '
        mount -t tmpfs -o mode=755 conformance /mnt && mknod -m 666 /mnt/null c 1 3 && mount --bind /mnt/null /dev/null && umount -l /mnt && exec "$@"' \
        sh dotnet "$OUT/test/conformance/conformance.dll" "$@" --view "$view"
}

## test-oci [--view v1|hybrid|v2|all] [--filter WORD] PATH: the conformance suite against any OCI runtime with runc's command line
verb_test-oci() {
    local views=(hybrid) filter='' runtime='' view status=0
    while (($#)); do
        case $1 in
        --view) [[ ${2-} =~ ^(v1|hybrid|v2|all)$ ]] || die "test-oci: --view is v1, hybrid, v2 or all"; views=("$2"); shift 2 ;;
        --filter) filter=${2-}; shift 2 ;;
        -*) die "test-oci: unknown option $1" ;;
        *) runtime=$(command -v "$1") || die "test-oci: no program $1"; shift ;;
        esac
    done
    [[ $runtime ]] || die "test-oci: name the runtime's program"
    [[ ${views[0]} != all ]] || views=(v1 hybrid v2)
    prepare_conformance
    for view in "${views[@]}"; do
        conformance "$view" run --runtime "$runtime" --filter "$filter" --results "$OUT/conformance/$(basename "$runtime")-$view.json" || status=1
    done
    return "$status"
}

# The lanes of test-conformance: runtime | views | program. Other views by name (`test-conformance runc v1 v2`). crun says at once that it cannot
# run in a hybrid view.
CONFORMANCE='
runc        | hybrid       | runc
crun        | v1 hybrid    | crun
engine-runc | v1 hybrid v2 | out/bin/engine-runc
'

## test-conformance [RUNTIME [VIEW]...]: the suite against runc, crun and engine-runc; known failures are in tests/Conformance/expected
verb_test-conformance() {
    local wanted=${1-} name views program view log passed=0 failed=0 skipped=0 status lanes=() logs=()
    shift || true
    [[ -z $wanted || $wanted == engine-runc ]] && verb_build
    prepare_conformance
    mkdir -p "$OUT/test-results"
    while IFS='|' read -r name views program; do
        name=${name// /}
        [[ -n $name && (-z $wanted || $wanted == "$name") ]] || continue
        if (($#)); then views=$*; fi
        for view in $views; do lanes+=("$name $view ${program// /}"); done
    done <<<"$CONFORMANCE"
    ((${#lanes[@]})) || die "test-conformance: no runtime '$wanted'; there are: runc, crun, engine-runc"
    # Two at a time: each mostly waits for its runtime.
    printf '%s\n' "${lanes[@]}" | xargs -P 2 -L 1 "$0" conformance-lane || true
    for lane in "${lanes[@]}"; do
        read -r name view program <<<"$lane"
        log=$OUT/test-results/conformance-$name-$view
        logs+=("$OUT/conformance/$name-$view.json")
        status=$(cat "$log.status" 2>/dev/null || echo 1)
        sed -n '1p' "$log.log"
        grep -E '^FAIL' "$log.log" | grep -v ' — known: ' || true
        grep -E '^ok .* — PASSES although' "$log.log" || true
        tail -n 1 "$log.log"
        passed=$((passed + $(lane_count "$log.log" passed)))
        skipped=$((skipped + $(lane_count "$log.log" skipped)))
        failed=$((failed + $(lane_count "$log.log" failed)))
        # A known failure that passes, or a run that did not come to its end.
        if ((status)) && (($(lane_count "$log.log" failed) == 0)); then failed=$((failed + 1)); fi
    done
    dotnet "$OUT/test/conformance/conformance.dll" columns "${logs[@]}" >"$OUT/conformance/table.md" || true
    say "side by side: out/conformance/table.md"
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped)) && printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
}

# conformance-lane RUNTIME VIEW PROGRAM: one of the above, into its log.
verb_conformance-lane() {
    local log=$OUT/test-results/conformance-$1-$2 expected=tests/Conformance/expected/$1.txt status=0 program
    program=$(command -v "$3") || die "no program $3"
    say "$1 in the $2 view"
    rm -f "$log.status" "$OUT/conformance/$1-$2.json"
    local known=()
    [[ ! -e $expected ]] || known=(--expected "$expected")
    conformance "$2" run --runtime "$program" --results "$OUT/conformance/$1-$2.json" "${known[@]}" >"$log.log" 2>&1 </dev/null || status=1
    printf '%d\n' "$status" >"$log.status"
}

build_security() { dotnet msbuild -restore tests/Security/Security.csproj "${QUIET[@]}"; }

# The starters with one mechanism taken out; never beside the real one.
build_faults() { dotnet msbuild tests/Security/Faults/Faults.proj -m:2 "${QUIET[@]}" "-p:Root=$OUT/test/broken/"; }

## test-security [--only ID]... [--column NAME]... [--long]: every published way to break out, against each workflow, old runtimes and broken builds of the starter
verb_test-security() {
    need build oci test
    verb_build
    build_probe
    [[ ${1-} != --document ]] || { build_security && mkdir -p docs/security && ENGINE_OUT=$OUT dotnet "$OUT/test/security/security.dll" document >docs/security/cves.md; return; }
    step security "$OUT/test/security/security.dll" "tests/Security tests/Integration/Support tests/Conformance/Support rpc shared engine" build_security
    mkdir -p "$OUT/test/broken"
    ENGINE_OUT=$OUT dotnet "$OUT/test/security/security.dll" faults >"$OUT/test/broken/names" || die "test-security: the table of faults does not fit the starter's sources"
    step faults "$OUT/test/broken/$(tail -n 1 "$OUT/test/broken/names")/libexec/engine/starter" "starter shared tests/Security/Faults" build_faults
    ENGINE_OUT=$OUT dotnet "$OUT/test/security/security.dll" install
    case " $* " in *' --only '* | *' --column '*) security_part "$@"; return ;; esac
    # Two at a time: each mostly waits. What runs has its own mounts and its own /dev/null.
    mkdir -p "$OUT/test-results"
    local log=$OUT/test-results/security part passed=0 failed=0 skipped=0
    rm -f "$log"-*
    for part in 0 1; do security_part --part "$part/2" --caught "$log-$part.caught" "$@" >"$log-$part.log" 2>&1 </dev/null & done
    wait
    ENGINE_OUT=$OUT dotnet "$OUT/test/security/security.dll" check "$log"-?.caught >"$log-suite.log" 2>&1 || true
    for part in 0 1 suite; do
        cat "$log-$part.log"
        grep -qE '^[0-9]+ passed, ' "$log-$part.log" || { failed=$((failed + 1)); continue; }
        passed=$((passed + $(lane_count "$log-$part.log" passed)))
        failed=$((failed + $(lane_count "$log-$part.log" failed)))
        skipped=$((skipped + $(lane_count "$log-$part.log" skipped)))
    done
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped)) && printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
}

# crun needs a pure view of the cgroups; /dev/null is one of our own, because old runtimes give it away.
# shellcheck disable=SC2016 # expanded by the inner shell
security_part() {
    ENGINE_OUT=$OUT timeout -k 30 7200 tests/cgroup-view.sh v1 sh -c '
        mount -t tmpfs -o mode=755 security /mnt && mknod -m 666 /mnt/null c 1 3 && mount --bind /mnt/null /dev/null && umount -l /mnt && exec "$@"' \
        sh dotnet "$OUT/test/security/security.dll" run "$@"
}

# The program of tests/Faults, and beside it the one that makes system calls fail.
build_fault_injection() {
    dotnet msbuild -restore tests/Faults/Faults.csproj "${QUIET[@]}"
    gcc -O2 -Wall -Wextra -Werror -o "$OUT/test/faults/inject" tests/Faults/inject.c
}

# faults NAME ARGUMENT...: in a mount namespace of its own, for what it mounts; what it prints goes to a log, too.
faults() {
    local log=$OUT/test-results/faults-$1.log
    shift
    ENGINE_OUT=$OUT unshare --mount --propagation private -- dotnet "$OUT/test/faults/faults.dll" "$@" 2>&1 </dev/null | tee "$log"
}

## test-faults [--long] [--seed N] [--filter WORDS]: failing system calls and kills (some for 90 s, --long each), full disks, damaged records, races
verb_test-faults() {
    local seconds=90 seed=$RANDOM filter='' part status=0 passed=0 failed=0 skipped=0 long=()
    while (($#)); do
        case $1 in
        --long) seconds=0 long=(--long 1); shift ;;
        --seed) seed=${2-}; shift 2 ;;
        --filter) filter=${2-}; shift 2 ;;
        *) die "test-faults: unknown argument $1" ;;
        esac
    done
    need build faults
    verb_build
    build_probe
    step fault-injection "$OUT/test/faults/faults.dll" "tests/Faults tests/Integration/Support tests/Integration/Robustness tests/Integration/Setuid rpc shared" build_fault_injection
    mkdir -p "$OUT/test-results"
    faults entries entries --filter "$filter" --seed "$seed" "${long[@]}" || status=1
    # Two for each processor: they mostly wait for their commands.
    local parts=$((2 * $(nproc)))
    for ((part = 0; part < parts; part++)); do faults "sweep$part" sweep --seconds "$seconds" --seed "$seed" --shard "$part/$parts" --filter "$filter" & done
    for ((part = 0; part < parts; part++)); do wait -n || status=1; done
    for part in entries $(seq -f sweep%.0f 0 $((parts - 1))); do
        passed=$((passed + $(lane_count "$OUT/test-results/faults-$part.log" passed)))
        skipped=$((skipped + $(lane_count "$OUT/test-results/faults-$part.log" skipped)))
        failed=$((failed + $(lane_count "$OUT/test-results/faults-$part.log" failed)))
    done
    # A part that did not come to its end.
    if ((status && failed == 0)); then failed=1; fi
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped)) && printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
}

# The lanes of tests/clients: name | sets of packages.
CLIENTS='
podman          | podman
podman-rootless | podman rootless
buildah         | buildah rootless
containerd      | containerd
kubernetes      | containerd kubernetes
docker          | docker
slurm           | slurm
'

## test-clients [NAME...]: podman, containerd and others (tests/clients) drive engine-runc, or the runtime in $RUNTIME
verb_test-clients() {
    local name sets wanted=" $* " status passed=0 failed=0 skipped=0 log
    for name; do grep -q "^$name *|" <<<"$CLIENTS" || die "test-clients: no client '$name'; there are:$(sed -n 's/^\([^ ]*\) *|.*/ \1/p' <<<"$CLIENTS" | tr -d '\n')"; done
    if [[ -z ${RUNTIME-} ]]; then
        verb_build
        export RUNTIME=$OUT/bin/engine-runc
    fi
    mkdir -p "$OUT/test-results"
    while IFS='|' read -r name sets; do
        name=${name// /}
        [[ -n $name && ($wanted == '  ' || $wanted == *" $name "*) ]] || continue
        # shellcheck disable=SC2086 # a list of sets
        need clients $sets
        say "$name with $RUNTIME"
        log=$OUT/test-results/clients-$name.log
        status=0
        tests/clients/"$name".sh 2>&1 | tee "$log" || status=1
        passed=$((passed + $(lane_count "$log" passed)))
        skipped=$((skipped + $(lane_count "$log" skipped)))
        failed=$((failed + $(lane_count "$log" failed)))
        # A lane that left something on the machine, or did not come to its end.
        if ((status)) && (($(lane_count "$log" failed) == 0)); then failed=$((failed + 1)); fi
    done <<<"$CLIENTS"
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped)) && printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
}

# One number of a lane's last line; 0 when there is none.
lane_count() {
    local number
    number=$(grep -E '^[0-9]+ passed, ' "$1" | tail -n 1 | grep -oE "[0-9]+ $2")
    printf '%d' "${number% *}"
}

## lint: formatting, shell scripts, and the house rules that a grep can hold
verb_lint() {
    tests/lint.sh
}

## bench [N]: ratios against crun, runc and conmon, medians of N alternating runs
verb_bench() {
    need build bench
    verb_build
    build_probe
    exec tests/bench.sh "$OUT" "$@"
}

## install [--prefix P] [--setuid]: copy the programs to P (default /usr/local)
verb_install() {
    local prefix=/usr/local setuid=
    while (($#)); do
        case $1 in
        --prefix) [[ -n ${2-} ]] || die "--prefix needs a directory"; prefix=$2; shift 2 ;;
        --prefix=*) prefix=${1#*=}; shift ;;
        --setuid) setuid=1; shift ;;
        *) die "install: unknown argument $1" ;;
        esac
    done
    [[ $prefix == /* ]] || die "install: --prefix must be an absolute path, not '$prefix'"
    [[ -z $setuid ]] || ((EUID == 0)) || die "install --setuid: a set-uid program of root's can be installed by root only; nothing was installed"
    verb_build
    local owner=()
    if ((EUID == 0)); then owner=(-o root -g root); fi
    install "${owner[@]}" -d -m 0755 "$prefix/bin" "$prefix/libexec/engine"
    install "${owner[@]}" -m 0755 "$OUT/bin/engine" "$prefix/bin/engine"
    ln -sfn engine "$prefix/bin/engine-runc"
    install "${owner[@]}" -m 0755 "$OUT/libexec/engine/starter" "$OUT/libexec/engine/pump" "$prefix/libexec/engine/"
    say "installed under $prefix: bin/engine, bin/engine-runc, libexec/engine/starter, libexec/engine/pump"
    if [[ $setuid ]]; then install_setuid "$prefix"; fi
}

# The bit comes last, when everything that the starter will trust is in its place. The master cannot be read, so that its user cannot trace it.
install_setuid() {
    local libexec=$1/libexec/engine directory=$1/libexec/engine
    while :; do
        [[ $(stat -c %u "$directory") == 0 && ! $(stat -c %A "$directory") =~ ^.{5}w|^.{8}w ]] ||
            die "install --setuid: $directory must be root's and writable by nobody else, or the starter will not trust what is in it (chown root, chmod go-w)"
        [[ $directory != / ]] || break
        directory=$(dirname "$directory")
    done
    install -o root -g root -m 0711 "$OUT/bin/engine" "$libexec/master.new" && mv -f "$libexec/master.new" "$libexec/master"
    if [[ ! -e /etc/engine/engine.conf ]]; then
        install -o root -g root -d -m 0755 /etc/engine
        {
            printf '# What ordinary users may do through %s/starter-suid. engine config check explains it.\n' "$libexec"
            printf 'allow_setuid = no\n'
            [[ $libexec == /usr/local/libexec/engine ]] || printf 'libexec = %s\n' "$libexec"
        } >/etc/engine/engine.conf
        chmod 0644 /etc/engine/engine.conf
        say "made /etc/engine/engine.conf: allow_setuid = no, so that nobody can use the set-uid starter yet"
    fi
    install -o root -g root -m 0755 "$OUT/libexec/engine/starter" "$libexec/starter-suid.new"
    chmod 4755 "$libexec/starter-suid.new"
    mv -f "$libexec/starter-suid.new" "$libexec/starter-suid"
    say "installed $libexec/starter-suid (root, 4755) and $libexec/master (0711)"
}

# An id that only depends on the path: the solution comes out the same for everybody.
project_id() { md5sum <<<"$1" | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.{12}).*/{\U\1-\2-\3-\4-\5}/'; }

## solution: write Engine.sln anew from the projects in the tree (after adding or moving one)
verb_solution() {
    local csharp='{FAE04EC0-301F-11D3-BF4B-00C04F79EFBC}' folder='{2150E333-8FDC-42A3-9474-1A3956D46DE8}'
    local projects project tests configuration
    tests=$(project_id tests)
    mapfile -t projects < <(git ls-files --cached --others --exclude-standard '*.csproj' | LC_ALL=C sort)
    {
        printf 'Microsoft Visual Studio Solution File, Format Version 12.00\n# Visual Studio Version 17\n'
        printf 'Project("%s") = "tests", "tests", "%s"\nEndProject\n' "$folder" "$tests"
        for project in "${projects[@]}"; do
            printf 'Project("%s") = "%s", "%s", "%s"\nEndProject\n' "$csharp" "$(basename "$project" .csproj)" "${project//\//\\}" "$(project_id "$project")"
        done
        printf 'Global\n\tGlobalSection(SolutionConfigurationPlatforms) = preSolution\n'
        printf '\t\t%s|Any CPU = %s|Any CPU\n' Debug Debug Release Release
        printf '\tEndGlobalSection\n\tGlobalSection(ProjectConfigurationPlatforms) = postSolution\n'
        for project in "${projects[@]}"; do
            for configuration in Debug Release; do
                printf "\t\t$(project_id "$project").$configuration|Any CPU.%s = $configuration|Any CPU\n" ActiveCfg Build.0
            done
        done
        printf '\tEndGlobalSection\n\tGlobalSection(NestedProjects) = preSolution\n'
        for project in "${projects[@]}"; do
            if [[ $project == tests/* ]]; then printf '\t\t%s = %s\n' "$(project_id "$project")" "$tests"; fi
        done
        printf '\tEndGlobalSection\nEndGlobal\n'
    } >Engine.sln
}

## clean: remove everything that was built
verb_clean() {
    rm -rf "$OUT"
    find . -type d \( -name bin -o -name obj -o -name TestResults -o -name node_modules \) -not -path './.git/*' -prune -exec rm -rf {} +
}

## help: print this list
verb_help() {
    printf 'usage: ./build.sh VERB [ARGUMENT]...\n\n'
    sed -n 's/^## \([^:]*\): \(.*\)/\1\t\2/p' build.sh |
    while IFS=$'\t' read -r verb text; do
        printf '  %-34s %s\n' "$verb" "$text"
    done
}

main() {
    local verb=${1:-help}
    shift || true
    [[ $(type -t "verb_$verb") == function ]] || { verb_help >&2; die "unknown verb '$verb'"; }
    "verb_$verb" "$@"
    # Bash reads a script as it goes, and this one may be edited while it runs: nothing is read after this.
    exit
}
main "$@"
