#!/usr/bin/env bash
# buildah as root and as an ordinary user: run in both isolations that use a runtime, and build.
# shellcheck disable=SC1091,SC2016,SC2317,SC2034 # the container's shell expands what is quoted; `want` calls the functions
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
lane buildah "${BASH_SOURCE[0]}"
image
ordinary_user builder 64321
as_builder mkdir -p .config/containers

for where in "$W/etc" "$W/home/builder/.config/containers"; do
    cat >"$where/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=32768:32768"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
END
done
printf '[network]\nnetwork_config_dir = "%s"\n' "$W/etc/networks" >>"$W/etc/containers.conf"
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s"\nrunroot = "/run/containers/storage"\n' "$W/storage" >"$W/etc/storage.conf"
printf '[storage]\ndriver = "overlay"\n' >"$W/home/builder/.config/containers/storage.conf"
chown -R builder: "$W/home/builder"
export CONTAINERS_CONF=$W/etc/containers.conf CONTAINERS_STORAGE_CONF=$W/etc/storage.conf
MAY_STAY_MOUNTS='^/run/lane/storage/overlay$'
chmod 644 "$W/image.tar"
printf 'buildah: %s\n' "$(buildah --version)"

# cases WHO PREFIX...: the same for root and for a user; PREFIX is the command that becomes the user.
cases() {
    local who=$1
    shift
    local b=("$@" buildah) r=(--runtime "$RT" --network none)
    want "$who: from" 0 '^w1$' "${b[@]}" from -q --name w1 "docker-archive:$W/image.tar"
    want "$who: run" 0 '^uid=0' "${b[@]}" run "${r[@]}" w1 id
    want "$who: run: exit code" 7 '' "${b[@]}" run "${r[@]}" w1 sh -c 'exit 7'
    want "$who: run: stdin" 0 '^in$' bash -c "echo in | $(printf '%q ' "${b[@]}" run "${r[@]}" w1 cat)"
    want "$who: run --tty" 0 'terminal$' tty "${b[@]}" run --tty "${r[@]}" w1 sh -c 'test -t 0 && echo terminal'
    want "$who: run: missing command" 1 'no-such-command' "${b[@]}" run "${r[@]}" w1 no-such-command
    want "$who: run --user --workingdir" 0 '^1000 /tmp$' "${b[@]}" run "${r[@]}" --user 1000 --workingdir /tmp w1 sh -c 'echo $(id -u) $(pwd)'
    want "$who: run --cap-drop --cap-add" 0 '^CapBnd:.[0-9a-f]*$' "${b[@]}" run "${r[@]}" --cap-drop CAP_CHOWN --cap-add CAP_SYS_PTRACE w1 grep CapBnd /proc/self/status
    want "$who: run -v" 0 '"localhost/bb' "${b[@]}" run "${r[@]}" -v "$W/image.tar:/image.tar:ro" w1 sh -c 'tar -xOf /image.tar ./manifest.json'
    want "$who: run --isolation rootless" 0 '^uid=0' "${b[@]}" run --isolation rootless "${r[@]}" w1 id
    want "$who: run: what it writes stays" 0 '^kept$' bash -c "$(printf '%q ' "${b[@]}" run "${r[@]}" w1 sh -c 'echo kept >/kept') && $(printf '%q ' "${b[@]}" run "${r[@]}" w1 cat /kept)"
    want "$who: commit" 0 '' "${b[@]}" commit -q w1 made
    want "$who: build" 0 '^from RUN$' "${b[@]}" build --no-cache "${r[@]}" -t built -f "$W/Containerfile" "$W/context"
    want "$who: build: a failing RUN" 3 '' "${b[@]}" build --no-cache "${r[@]}" -t bad -f "$W/Badfile" "$W/context"
    want "$who: rm" 0 '' "${b[@]}" rm -a
}

mkdir "$W/context"
printf 'FROM docker-archive:%s/image.tar\nRUN echo from RUN && echo x >/x\nRUN ["cat", "/x"]\n' "$W" >"$W/Containerfile"
printf 'FROM docker-archive:%s/image.tar\nRUN exit 3\n' "$W" >"$W/Badfile"

cases root
buildah from -q --name w2 "docker-archive:$W/image.tar" >/dev/null 2>&1
want 'root: run --runtime-flag' 0 '^flagged$' buildah run --runtime "$RT" --runtime-flag debug --runtime-flag root=/run/lane/flagged --network none w2 echo flagged
want 'root: --runtime-flag root was used' 0 '' test -d /run/lane/flagged
terminated() {
    local status=0
    timeout -k 5 20 timeout 2 buildah run --runtime "$RT" --network none w2 sleep 1000 || status=$?
    ((status == 124)) && ! pgrep -x sleep
}
want 'root: SIGTERM ends the container' 0 '' terminated
buildah rm -a >/dev/null 2>&1
cases rootless as_builder
finish
