# shellcheck shell=bash
# The modules of an image: which ones and why, their files, and depmod's own text files cut down to them. Source it after common.sh.
# A list of modules is a file with a line for each: the path in the tree, a tab, why it is in the image.
# shellcheck disable=SC2154 # mkinitramfs sets tree, version, arch, strip, tmp and root

# kmod_tree: makes $tmp/kmod a root that modprobe accepts for the tree, which is read only, and may be called anything.
kmod_tree() {
    local real file
    [[ ! $version || $tree ]] || tree=/lib/modules/$version
    [[ $tree ]] || tree=$("$ROOT/qemu/fetch" kernel --arch "$arch" "$DEFAULT_KERNEL")/modules
    [[ -d $tree ]] || die "no such directory of modules: $tree"
    real=$(realpath -- "$tree")
    [[ ! $version || $version == "${real##*/}" ]] || die "$tree holds the modules of ${real##*/}, not of $version"
    tree=$real version=${real##*/}
    for file in modules.dep modules.dep.bin modules.alias modules.softdep modules.builtin modules.builtin.bin; do
        [[ -e $tree/$file ]] || die "$tree has no $file: run depmod"
        [[ -r $tree/$file ]] || die "cannot read $tree/$file"
    done
    mkdir -p "$tmp/kmod/lib/modules"
    ln -s "$tree" "$tmp/kmod/lib/modules/$version"
}

# -C: the settings of this machine's own modprobe are none of the guest's business
show_depends() { modprobe -C /dev/null -d "$tmp/kmod" -S "$version" --show-depends "$1"; }
in_tree() { show_depends "$1" >/dev/null 2>&1; }

# names LIST: the modules as the kernel has them: without directory and suffix, with _ for -.
names() { cut -f1 "$@" | sed -e 's|.*/||; s|\.ko.*||; y|-|_|'; }

# resolve: reads NAME, a tab, why (an alias is a name too); writes the list of all modules that must be loaded, in load order.
# What is built in is none of them.
resolve() {
    local name why how
    while IFS=$'\t' read -r name why; do
        how=$(show_depends "$name" 2>"$tmp/why") ||
            die "no module $name in $tree: $(sed 's/ in directory.*//' "$tmp/why" | tail -n1)"
        sed -n "s|^insmod $tmp/kmod/lib/modules/$version/\([^ ]*\).*|\1|p" <<<"$how" |
            awk -v name="$name" -v why="$why" '{ lines[NR] = $0 } END { for (n = 1; n <= NR; n++) print lines[n] "\t" (n < NR ? "for " name : why) }'
    done | awk -F'\t' '!seen[$1]++'
}

# strip_signature FILE: cuts off a module's signature, `struct module_signature` behind it, and the mark at the end
# (Documentation/admin-guide/module-signing.rst, include/linux/module_signature.h). strip(1) would keep none of the sections it needs.
strip_signature() {
    local mark='~Module signature appended~' size length
    [[ $(tail -c 28 -- "$1" | tr -d '\0') == "$mark" ]] || return 0
    size=$(stat -c %s -- "$1")
    # The last field of the 12 bytes: the signature's length, big-endian.
    length=$(tail -c 32 -- "$1" | head -c 4 | od -An -tu1 | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
    ((length < size - 40)) || die "${1##*/} says that its signature is longer than it is itself"
    truncate -s "$((size - 40 - length))" -- "$1"
}

# machine_check FILE…: each is an ELF file of $arch. e_ident and e_machine of elf(5), both of these machines are little-endian.
machine_check() {
    local wrong machine
    case $arch in
        x86_64) machine='3e 00' ;;
        aarch64) machine='b7 00' ;;
    esac
    # So many bytes of each file, a line each; a shorter file would shift those that follow.
    for file in "$@"; do (($(stat -c %s -- "$file") >= 20)) || die "$file is too short for an ELF file"; done
    wrong=$(printf '%s\0' "$@" | xargs -0 head -qc 20 -- | od -An -v -w20 -tx1 |
        awk -v machine="$machine" '!/^ 7f 45 4c 46 02 01/ || $19 " " $20 != machine { print NR; exit }')
    [[ ! $wrong ]] || die "${!wrong} is not for $arch"
}

# copy_modules LIST KIND: the files, plain, since the kernel unpacks the image faster than each module, and side by side, since each
# directory costs the kernel to make and pintle to remove.
copy_modules() {
    local into=$root/lib/modules/$version file why plain
    [[ -s $1 ]] || return 0
    mkdir -p "$into" "$tmp/plain"
    while IFS=$'\t' read -r file why; do
        [[ $file =~ \.ko(\.xz|\.gz|\.zst)?$ ]] || die "don't know how $file is compressed"
        [[ -r $tree/$file ]] || die "cannot read $tree/$file, which modules.dep names"
        plain=${file##*/}
        put "lib/modules/$version/${plain%%.ko*}.ko" "$2" "$why"
        printf '%s\0' "$tree/$file"
    done <"$1" >"$tmp/files"
    xargs -0 -a "$tmp/files" cp -t "$tmp/plain" -- 2>"$tmp/why" || die "cannot copy the modules of $tree: $(head -n1 "$tmp/why")"
    decompress "$tmp/plain"
    machine_check "$tmp"/plain/*.ko
    [[ ! $strip ]] || for file in "$tmp"/plain/*.ko; do strip_signature "$file"; done
    mv -- "$tmp"/plain/* "$into/"
}
decompress() { # decompress DIR: what is in it, in place
    { find "$1" -name '*.xz' -exec xz -d {} + && find "$1" -name '*.gz' -exec gzip -d {} + &&
        find "$1" -name '*.zst' -exec zstd -dq --rm {} +; } 2>"$tmp/why" || die "cannot decompress a module: $(head -n1 "$tmp/why")"
}

# The file systems of roots: those that src/probe recognises, with what carries them in images. FAT is none of them: it also wants
# its code pages loaded (--module vfat --module nls_cp437 --module nls_ascii).
# shellcheck disable=SC2034 # mkinitramfs has it
root_types='ext2 ext3 ext4 xfs btrfs f2fs erofs squashfs exfat iso9660 udf ntfs3 jfs nilfs2 minix romfs cramfs'

# carry SETS NAMES TYPES: writes the list of the modules of these sets, of these, and of these file systems, each with what it depends
# on, hard and soft, but for those of the list $tmp/listed. Names are compared with _ for -, as kmod does.
carry() {
    awk -v sets=" $1 " -v named="$2" -v types="$3" '
        function norm(name) { gsub(/-/, "_", name); return name }
        function base(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); return norm(path) }
        function regex(glob) { # * stands for anything but /, ** for anything, {a,b} for either
            gsub(/\./, "\\.", glob); gsub(/[{]/, "(", glob); gsub(/,/, "|", glob); gsub(/[}]/, ")", glob)
            gsub(/\*\*/, "\001", glob); gsub(/\*/, "[^/]*", glob); gsub(/\001/, ".*", glob)
            return "^" glob "$"
        }
        function need(path, reason) { if (!(path in why)) { why[path] = reason; queue[++last] = path } }
        function need_name(name, reason,    n, names) { # a module, or an alias of some
            if (name in by_name) need(by_name[name], reason)
            else for (n = split(aliases[name], names); n > 0; n--) if (names[n] in by_name) need(by_name[names[n]], reason)
        }
        FILENAME == ARGV[1] {
            sub(/#.*/, "")
            for (n = 2; n <= NF; n++) if (index(sets, " " $1 " "))
                if ($n ~ /^!/) without[$1] = without[$1] "|" regex(substr($n, 2)); else with[$1, ++count[$1]] = regex($n)
            next
        }
        FILENAME == ARGV[2] { if ($1 == "alias") aliases[norm($2)] = aliases[norm($2)] " " norm($3); next }
        FILENAME == ARGV[3] {
            for (n = 3; n <= NF; n++) if ($1 == "softdep" && $n !~ /:$/) softdeps[norm($2)] = softdeps[norm($2)] " " norm($n)
            next
        }
        FILENAME == ARGV[4] { split($0, field, "\t"); listed[field[1]]; next }
        {
            path = $1; sub(/:$/, "", path)
            by_name[base(path)] = path
            deps[path] = substr($0, length($1) + 1)
            order[++modules] = path
        }
        END {
            for (n = 1; n <= modules; n++) {
                name = order[n]; sub(/^kernel\//, "", name); sub(/\.ko.*/, "", name)
                for (set in count) {
                    if (without[set] && name ~ substr(without[set], 2)) continue
                    for (m = 1; m <= count[set]; m++) if (name ~ with[set, m]) { need(order[n], "set " set); break }
                }
            }
            for (n = split(named, names); n > 0; n--) need_name(norm(names[n]), "--carry")
            for (n = split(types, type); n > 0; n--) need_name(norm("fs-" type[n]), "file system " type[n])
            for (n = 1; n <= last; n++) {
                name = base(queue[n])
                for (m = split(deps[queue[n]], names); m > 0; m--) need(names[m], "for " name)
                for (m = split(softdeps[name], names); m > 0; m--) need_name(names[m], "softdep of " name)
            }
            for (n = 1; n <= modules; n++) if (order[n] in why && !(order[n] in listed)) print order[n] "\t" why[order[n]]
        }' "$SCRIPTS/module-sets" "$tree/modules.alias" "$tree/modules.softdep" "$tmp/listed" "$tree/modules.dep"
}

# index_modules BY_HARDWARE: depmod's files of what is in the image. modules.dep has its names relative to its own directory. Where
# modules are to be found by hardware there are all of their aliases, in depmod's order, which is kmod's; otherwise those of the file
# systems that are found by the root's type.
index_modules() {
    local into=$root/lib/modules/$version file
    cut -f1 "$tmp/listed" "$tmp/carried" >"$tmp/paths"
    for file in dep alias softdep builtin; do put "lib/modules/$version/modules.$file" 'index of modules' "by depmod"; done
    awk -F: 'NR == FNR { wanted[$0]; next } $1 in wanted { gsub(/\.ko\.(xz|gz|zst)/, ".ko"); gsub("[^ :]*/", ""); print }' \
        "$tmp/paths" "$tree/modules.dep" | sort >"$into/modules.dep"
    [[ -s $tmp/carried ]] || return 0
    awk -v all="$1" '
        function norm(name) { sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name); return name }
        FILENAME == ARGV[1] { split($0, field, "\t"); carried[norm(field[1])]; next }
        FILENAME == ARGV[2] { if (all) { split($0, field, "\t"); carried[norm(field[1])] } next }
        $1 == "alias" && norm($3) in carried && (all || $2 ~ /^fs-/)' "$tmp/carried" "$tmp/listed" "$tree/modules.alias" >"$into/modules.alias"
    awk '
        function norm(name) { sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name); return name }
        NR == FNR { image[norm($0)]; next }
        $1 == "softdep" && norm($2) in image' "$tmp/paths" "$tree/modules.softdep" >"$into/modules.softdep"
    # What a soft dependency names may be built in.
    awk '
        function norm(name) { sub(/.*\//, "", name); sub(/\.ko.*/, "", name); gsub(/-/, "_", name); return name }
        NR == FNR { for (n = 3; n <= NF; n++) named[norm($n)]; next }
        norm($0) in named' "$into/modules.softdep" "$tree/modules.builtin" >"$into/modules.builtin"
    find "$into" -name 'modules.*' -empty -delete
}
