#!/usr/bin/env bash
# A Debian 13 root for programs that this machine's libstdc++ is too old for.
#   ci/debian-root.sh path            makes it if need be and says where it is
#   ci/debian-root.sh run COMMAND...  runs a command in it, in the clone, with the .NET SDK and NuGet's packages, all of them read-only
# It is kept in the user's cache folder and made anew when its recipe changes or it does not run. Everything that mounts does so in a mount
# namespace of its own, which ends with its processes: nothing stays mounted, whatever ends them.
# Exit: the command's; 3 with one line where this machine cannot have one (no root, no debootstrap to be had); 1 with one line where it
# can and the making failed.
set -euo pipefail
suite=trixie
packages=ca-certificates,git,libicu76,make
recipe="$suite $packages"
clone=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/holozero
root=$cache/debian-$suite
die() { printf 'debian-root: %s\n' "$*" >&2; exit 3; }
failed() { printf 'debian-root: %s\n' "$*" >&2; exit 1; }

# Runs a command with mounts and processes of its own, which end with it, and with this script.
child=
private() {
    setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child -- "$@" &
    child=$!
    local code=0
    wait "$child" || code=$?
    child=
    return "$code"
}
part=
clean() {
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
    [ -z "$part" ] || rm -rf --one-file-system "$part"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

sound() { [ "$(cat "$root/.recipe" 2>/dev/null)" = "$recipe" ] && chroot "$root" /bin/true 2>/dev/null; }

# Where this machine's own packages come from, if it is a Debian; debootstrap knows a mirror itself otherwise.
mirror() {
    (
        . /etc/os-release
        [ "$ID" = debian ] || exit 0
        apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' \
            | awk -v release="$VERSION_CODENAME" '$2 == release { print $1; exit }'
    ) 2>/dev/null || true
}

require_root() {
    [ "$(uname -m)" = x86_64 ] || die "it is for x86-64"
    [ "$(id -u)" -eq 0 ] || die "only root may make and enter one"
    for tool in unshare setpriv flock chroot; do command -v "$tool" >/dev/null || die "$tool is not installed"; done
    unshare --mount --pid --fork true 2>/dev/null || die "this machine grants no mount namespaces"
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    sound || make_root
    exec 9>&-
}

make_root() {
    local log=$cache/debian-$suite.log
    if ! command -v debootstrap >/dev/null; then
        command -v apt-get >/dev/null || die "debootstrap is not installed"
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y debootstrap >"$log" 2>&1 || { apt-get update && apt-get install -y debootstrap; } >"$log" 2>&1 \
            || die "debootstrap is not installed, and apt-get cannot install it"
    fi
    if command -v apt-config >/dev/null; then
        local proxy=
        eval "$(apt-config shell proxy Acquire::http::Proxy)"
        [ -z "$proxy" ] || export http_proxy=$proxy
    fi
    echo "debian-root: making $root, once" >&2
    rm -rf --one-file-system "$root" "$root".??????
    part=$(mktemp -d "$root.XXXXXX")
    private debootstrap --variant=minbase --include="$packages" "$suite" "$part" $(mirror) >"$log" 2>&1 9>&- \
        || failed "debootstrap failed: $(grep -E '^[EW]: ' "$log" | tail -n1) (all of it in $log)"
    rm -rf "$part"/var/cache/apt/archives/*.deb "$part"/var/lib/apt/lists/*
    chmod 755 "$part"
    echo "$recipe" >"$part/.recipe"
    mv "$part" "$root"
    part=
    sound || failed "$root is made and does not run"
}

# In the namespace: puts the root together and enters it.
enter() {
    local sdk packages
    sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
    packages=${NUGET_PACKAGES:-${HOME:?}/.nuget/packages}
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    for folder in "$sdk" "$packages" "$clone"; do
        [ -d "$folder" ] || continue
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
        mount -o remount,bind,ro "$root$folder"
    done
    exec chroot "$root" /usr/bin/env -i HOME=/tmp LANG=C.UTF-8 PATH="$sdk:/usr/sbin:/usr/bin:/sbin:/bin" DOTNET_ROOT="$sdk" \
        NUGET_PACKAGES="$packages" CONFIGURATION="${CONFIGURATION:-Release}" DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 \
        /bin/bash -c 'cd "$0" && exec "$@"' "$clone" "$@"
}

case ${1:-} in
    path) require_root && echo "$root" ;;
    run) shift && require_root && private "$BASH" "$clone/ci/debian-root.sh" enter "$@" ;;
    enter) shift && enter "$@" ;;
    *) echo "usage: ci/debian-root.sh path | run COMMAND..." >&2; exit 2 ;;
esac
