#!/bin/bash
# shellcheck disable=SC1091,SC2016,SC2154 # lib.sh is at that path inside; its variables; `eval` and containers expand late
# AppArmor: the payload runs under process.apparmorProfile.
. /engine/lib.sh

is "AppArmor is enabled" "$(cat /sys/module/apparmor/parameters/enabled)" Y
cat >"$WORK/profile" <<'PROFILE'
#include <tunables/global>
profile engine-vm flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  signal,
  deny /denied w,
}
PROFILE
ok "the profile is loaded" apparmor_parser --replace "$WORK/profile"
script='cat /proc/self/attr/current; echo x >/allowed && echo wrote allowed; echo x >/denied && echo wrote denied'
once '.process.apparmorProfile = "engine-vm"' /bin/sh -c "$script"
like "the payload is confined" "$output" "^engine-vm \(enforce\)"
like "what the profile allows" "$output" "^wrote allowed"
like "what the profile denies" "$output" "/denied: Permission denied"

once . /bin/sh -c "$script"
like "without a profile it is not" "$output" "^unconfined"
once '.process.apparmorProfile = "engine-vm-missing"' /bin/true
ok "an unknown profile is refused" test "$code" -ne 0
like "by its name" "$output" "engine-vm-missing"

begin '.process.apparmorProfile = "engine-vm"' /bin/sleep 1000 && {
    is "a running payload's profile" "$(cat "/proc/$pid/attr/apparmor/current")" "engine-vm (enforce)"
    like "exec is confined, too" "$("$ENGINE" oci exec "$id" /bin/cat /proc/self/attr/current 2>&1)" "^engine-vm \(enforce\)"
    remove
}
apparmor_parser --remove "$WORK/profile"
finish
