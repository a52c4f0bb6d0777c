# shellcheck shell=bash
# What those share that fetch from Debian's archive into the cache; source it after scripts/common.sh. $arch is the guest's
# architecture, $deb Debian's name of it.
# shellcheck disable=SC2154 # the callers set them

# targets SUFFIX: "URI RELEASE" of the machine's own Debian sources, main ones or -security. apt does the parsing, of either format.
targets() {
    # Origin is known only once the lists were downloaded: its name is literally there before.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        awk -v suffix="$1" '
            $3 == "main" && ($4 == "Debian" || $4 ~ /^\$/) && $1 !~ /^cdrom:/ &&
            $2 ~ "^(bullseye|bookworm|trixie|forky|duke|sid|(old)*stable|testing|unstable)" suffix "$" { print $1; exit }'
}

# executing COMMAND…: where programs of $arch can be executed. qemu-user does it in a user namespace whose table of binary
# formats is its own, with all users and groups as they are, so that the machine stays as it was.
executing() {
    local map
    if arch-test "$deb" >/dev/null; then "$@" >&2 </dev/null; return; fi
    # shellcheck disable=SC2016 # expanded there
    coproc NAMESPACE { exec unshare --user --mount --pid --fork --kill-child bash -euc '
        echo there
        read -r
        mount -t proc proc /proc
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || {
            echo "a user namespace has no binfmt_misc before Linux 6.7: register qemu-$1 on this machine (update-binfmts)" >&2
            exit 1
        }
        cat "/usr/lib/binfmt.d/qemu-$1.conf" >/proc/sys/fs/binfmt_misc/register
        exec "${@:2}" >&2 </dev/null' bash "$arch" "$@"; }
    # shellcheck disable=SC2153 # coproc sets it
    local pid=$NAMESPACE_PID
    read -r -u "${NAMESPACE[0]}" || die "no user namespace to execute $arch in"
    for map in uid_map gid_map; do echo 0 0 4294967295 >"/proc/$pid/$map" || die "cannot map the users of a namespace"; done
    echo >&"${NAMESPACE[1]}"
    wait "$pid"
}

# into_cache FUNCTION PATH: PATH in the cache, made by FUNCTION unless it is there. One at a time of those that share apt's lists.
turn=fetch
into_cache() {
    setup
    mkdir -p "${2%/*}"
    locked "$CACHE/.lock.$turn" alone "$@"
}
alone() {
    rm -rf "$CACHE/.tmp.$turn".* # of a run that was killed: nobody else is in here
    tmp=$(mktemp -d "$CACHE/.tmp.$turn.XXXXXX") # beside, for the rename
    trap 'rm -rf "$tmp"' EXIT
    "$@"
}
