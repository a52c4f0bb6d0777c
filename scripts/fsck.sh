# shellcheck shell=bash
# scripts/fsck.sh: the checkers of file systems for mkinitramfs, which sources it; not to be run by itself.
# shellcheck disable=SC2154 # mkinitramfs sets tmp and root

# needed FILE: its interpreter and libraries, as the loader finds them.
needed() {
    ldd "$1" 2>"$tmp/why" | sed -nE 's/^.* => (\/[^ ]*) \(0x.*/\1/p; s/^[[:space:]]*(\/[^ ]*) \(0x.*/\1/p'
}

# add_checker TYPE: this machine's /sbin/fsck.TYPE, and what it needs.
add_checker() {
    local checker file
    checker=$(PATH=$PATH:/usr/sbin:/sbin command -v "fsck.$1") || die "no fsck.$1 on this machine: install what checks $1 (e2fsprogs, f2fs-tools, dosfstools …)"
    if [[ $(head -c2 -- "$checker") == '#!' ]]; then
        say "$checker is a script that checks nothing: $1 needs no check before it is mounted, left out"
        return
    fi
    machine_check "$(realpath -- "$checker")"
    put "sbin/fsck.$1" checker "--fsck $1"
    install -m 755 -- "$checker" "$root/sbin/fsck.$1"
    while read -r file; do
        [[ ! -e $root/${file#/} ]] || continue
        put "${file#/}" library "of fsck.$1"
        install -m 755 -- "$file" "$root/${file#/}"
    done < <(needed "$checker")
}
