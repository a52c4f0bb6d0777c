# shellcheck shell=bash
# What the scripts share; source it. The caller's own head comment is its --help.

shopt -s inherit_errexit
SCRIPTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
ROOT=${SCRIPTS%/*}
# Installed, without a checkout: the directory that the scripts lie in, and init.ARCH beside them. Nothing is built or fetched there.
INSTALLED=''
[[ -e $ROOT/Cargo.toml ]] || INSTALLED=$SCRIPTS
NAME=${0##*/}
# shellcheck disable=SC2034 # for the callers. A hook of the package manager's may have no HOME
CACHE=${PINTLE_CACHE:-${XDG_CACHE_HOME:-${HOME-}/.cache}/pintle}
PATH=$PATH:/usr/sbin:/sbin # mke2fs, debugfs, modprobe: not in a plain user's PATH on Debian
# shellcheck disable=SC2034 # for the callers
DEFAULT_ARCH=aarch64 DEFAULT_KERNEL=6.12
# shellcheck disable=SC2034
[[ ! $INSTALLED ]] || DEFAULT_ARCH=$(uname -m)

say() { printf '%s: %s\n' "$NAME" "$*" >&2; }
die() { say "$@"; exit 1; }
usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; exit 0; }
# needs "$@": the option $1 has a value.
needs() { (($# > 1)) || die "$1 needs a value (--help tells)"; }
have() { command -v "$1" >/dev/null; }

# The kernel's name of an architecture, and Debian's.
arch_of() {
    case $1 in
        aarch64 | arm64) echo aarch64 ;;
        x86_64 | amd64) echo x86_64 ;;
        *) die "unknown architecture: $1 (aarch64 or x86_64)" ;;
    esac
}
deb_arch() {
    case $1 in
        aarch64) echo arm64 ;;
        x86_64) echo amd64 ;;
    esac
}

# A temporary directory in $tmp, gone at exit. A caller with an EXIT trap of its own removes it there.
tempdir() {
    tmp=$(mktemp -d "${TMPDIR:-/tmp}/pintle.XXXXXX")
    trap 'rm -rf "$tmp"' EXIT
}

# locked FILE COMMAND…: one at a time, whoever asks. The command does not inherit the lock, so nothing that it leaves behind holds it.
locked() {
    local lock=$1
    shift
    mkdir -p "${lock%/*}"
    (
        flock -n 9 || { say "waiting for another run (${lock##*/})" && flock 9; }
        "$@" 9>&-
    ) 9>"$lock"
}

# replace TEMPORARY FILE: the last step of every output, so that a reader sees the old or the new one, never half of it.
replace() { mv -fT -- "$1" "$2"; }

# archive TREE: TREE as a cpio archive, on standard output: not compressed, and the same for the same input, since owner, times,
# inodes and order are nothing of this machine.
archive() {
    find "$1" -exec touch -hd "@${SOURCE_DATE_EPOCH:-0}" {} +
    (cd "$1" && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z | cpio --quiet -0 -o -H newc --reproducible -R 0:0)
}

# setup: whatever the scripts need, once per chain of scripts.
setup() {
    [[ -z ${PINTLE_SETUP_DONE:-} && ! $INSTALLED ]] || return 0
    "$ROOT/scripts/setup"
    export PINTLE_SETUP_DONE=1
}

# built_init ARCH: the path of /init, built first if it isn't there.
built_init() {
    local init=$ROOT/target/init.$1
    if [[ $INSTALLED ]]; then
        init=$INSTALLED/init.$1
        [[ -s $init ]] || die "no /init for $1 is installed: $init"
        echo "$init"
        return
    fi
    [[ -s $init ]] || locked "$ROOT/target/.lock.init.$1" build_if_missing "$1" >&2
    [[ -s $init ]] || die "scripts/build left no $init"
    echo "$init"
}
build_if_missing() { [[ -s $ROOT/target/init.$1 ]] || "$ROOT/scripts/build" "$1"; }

# rust_has RUSTC TARGET: its version suffices and it has the core library for TARGET.
rust_has() {
    local sysroot wanted
    sysroot=$(cd "$ROOT" && "$1" --print sysroot 2>/dev/null) || return 1
    compgen -G "$sysroot/lib/rustlib/$2/lib/libcore-*.rlib" >/dev/null || return 1
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' "$ROOT/Cargo.toml" 2>/dev/null) || true
    [[ -z $wanted ]] || printf '%s\n' "$wanted" "$(cd "$ROOT" && "$1" --version | cut -d' ' -f2)" | sort -VC
}

# cargo_for TARGET: the path of the cargo that can build TARGET. PATH's, or else Debian's.
cargo_for() {
    if have cargo && have rustc && rust_has rustc "$1"; then
        command -v cargo
    elif [[ -x /usr/bin/cargo && -x /usr/bin/rustc ]] && rust_has /usr/bin/rustc "$1"; then
        echo /usr/bin/cargo
    else
        return 1
    fi
}

# run_cargo TARGET ARGUMENT…, run_rustc TARGET ARGUMENT…: runs it, in the checkout. Debian's cargo wants its own rustc.
run_cargo() { run_rust cargo "$@"; }
run_rustc() { run_rust rustc "$@"; }
run_rust() { # run_rust cargo|rustc TARGET ARGUMENT…
    local program=$1 cargo
    cargo=$(cargo_for "$2") || die "no cargo here can build for $2: run scripts/setup"
    shift 2
    (
        [[ $cargo != /usr/bin/cargo ]] || PATH=/usr/bin:/bin:$PATH
        cd "$ROOT" && "${cargo%cargo}$program" "$@"
    )
}
