# shellcheck shell=bash
# Firmware of the packed modules, and the processors' microcode. Source it after common.sh.
# shellcheck disable=SC2154 # mkinitramfs sets arch, version, tmp and root

shopt -s extglob

# plain FILE: its content, whichever way the distribution has compressed it.
plain() {
    case $1 in
        *.xz) xz -dc -- "$1" ;;
        *.zst) zstd -dcq -- "$1" ;;
        *) cat -- "$1" ;;
    esac || die "cannot read $1"
}

# add_firmware DIR: the files of DIR that the packed modules name, where the kernel looks for them
# (Documentation/driver-api/firmware/fw_search_path.rst); plain, since not every kernel decompresses them.
add_firmware() {
    local module name file found missing=()
    [[ -d $1 ]] || die "no such directory of firmware: $1"
    for module in "$root/lib/modules/$version"/*.ko; do
        # A name may be a pattern.
        while read -r name; do
            found=''
            # shellcheck disable=SC2231
            for file in "$1"/updates/"$version"/$name* "$1"/updates/$name* "$1/$version"/$name* "$1"/$name*; do
                [[ -f $file && ${file##*/} == ${name##*/}?(.xz|.zst) ]] || continue
                found=1 file=${file%.xz} file=${file%.zst}
                file=${file#"$1"/} file=${file#updates/} file=${file#"$version"/}
                [[ ! -e $root/lib/firmware/$file ]] || continue
                put "lib/firmware/$file" firmware "for $(basename -- "$module" .ko)"
                plain "$(firmware_file "$1" "$file")" >"$root/lib/firmware/$file"
            done
            [[ $found ]] || missing+=("$name")
        done < <(modinfo -F firmware "$module" || true)
    done
    ((${#missing[@]} == 0)) || say "firmware that the modules name and $1 hasn't: ${missing[*]}"
}
# firmware_file DIR NAME: the first of the kernel's order
firmware_file() {
    local file
    for file in "$1"/{updates/"$version"/,updates/,"$version"/,}"$2"{,.xz,.zst}; do
        [[ ! -f $file ]] || { echo "$file" && return; }
    done
}

# microcode DIR: the archive that goes before all others, not compressed (Documentation/arch/x86/microcode.rst), on standard output.
microcode() {
    local early=$tmp/early into=$tmp/early/kernel/x86/microcode file
    [[ $arch == x86_64 ]] || die "--microcode is for x86_64 alone"
    mkdir -p "$into"
    for file in "$1"/intel-ucode/*; do
        # Debian has some that are only to be loaded by hand, as NAME.initramfs.
        [[ ! -f $file || $file == *.initramfs ]] || plain "$file" >>"$into/GenuineIntel.bin"
    done
    for file in "$1"/amd-ucode/microcode_amd*.bin*; do
        [[ ! -f $file || $file == *.asc ]] || plain "$file" >>"$into/AuthenticAMD.bin"
    done
    [[ $(ls "$into") ]] || die "no microcode in $1/intel-ucode and $1/amd-ucode (Debian: intel-microcode, amd64-microcode)"
    find "$early" -type d -exec chmod 755 {} +
    chmod 644 "$into"/*
    archive "$early"
}
