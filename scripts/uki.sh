# shellcheck shell=bash
# A unified kernel image: kernel, initramfs and command line in one EFI program. Source it after common.sh.
# https://uapi-group.org/specifications/specs/unified_kernel_image/
# shellcheck disable=SC2154 # mkinitramfs sets them

# efi_check FILE: a PE file for $arch, as the firmware wants it; e_lfanew is at 60.
efi_check() {
    local offset machine wanted
    [[ -r $1 ]] || die "no such file: $1"
    offset=$(od -An -tu4 -j60 -N4 -- "$1" | tr -d ' ') || true
    machine=$(od -An -tx1 -j"$((${offset:-0} + 4))" -N2 -- "$1" 2>/dev/null | tr -d ' ') || true
    case $arch in
        x86_64) wanted=6486 ;;
        aarch64) wanted=64aa ;;
    esac
    [[ $(head -c2 -- "$1" | tr -d '\0') == MZ && $machine == "$wanted" ]] || die "$1 is no EFI program for $arch"
}

# kernel_image: the kernel of the tree, where Debian, systemd and qemu/fetch have it.
kernel_image() {
    local file
    for file in "$tree/vmlinuz" "$tree/../../../vmlinuz" "/boot/vmlinuz-$version"; do
        [[ ! -r $file ]] || { realpath -- "$file" && return; }
    done
    die "no kernel with $tree: name it by --kernel-image"
}

# make_uki: the image as $uki.
make_uki() {
    [[ $arch == x86_64 ]] && efi=x64 || efi=aa64
    stub=${stub:-/usr/lib/systemd/boot/efi/linux$efi.efi.stub} kernel=${kernel:-$(kernel_image)}
    efi_check "$stub"
    efi_check "$kernel"
    compressed >"$tmp/initramfs" || die "cannot compress the image"
    beside "$uki"
    uki "$kernel" "$tmp/initramfs" "$stub" "$words" "$tmp/uki"
    cat "$tmp/uki" >"$beside" 2>"$tmp/why" || die "cannot write $uki: $(tail -n1 "$tmp/why")"
    in_place "$uki"
}

# uki KERNEL INITRAMFS STUB WORDS OUTPUT. By ukify where it is installed and knows how (from systemd 254 on).
uki() {
    local kernel=$1 initramfs=$2 stub=$3 words=$4 output=$5 release
    printf '%s' "$words" >"$tmp/cmdline"
    printf '%s' "$version" >"$tmp/uname"
    if [[ $look && -r $host/etc/os-release ]]; then
        cat "$host/etc/os-release" >"$tmp/osrel"
    else
        printf 'ID=pintle\nNAME=pintle\nVERSION_ID=%s\nPRETTY_NAME="Linux %s, pintle"\n' "$version" "$version" >"$tmp/osrel"
    fi
    release=$(ukify --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p') || true
    if ((${release:-0} >= 254)); then
        ukify build --linux="$kernel" --initrd="$initramfs" --cmdline="@$tmp/cmdline" --os-release="@$tmp/osrel" --uname="$version" \
            --stub="$stub" --efi-arch="$efi" --output="$output" >&2 || die "ukify failed"
    else
        uki_by_objcopy "$kernel" "$initramfs" "$stub" "$output"
    fi
}

# uki_by_objcopy KERNEL INITRAMFS STUB OUTPUT: the sections behind those of the stub, each at the next page (systemd-stub(7)).
uki_by_objcopy() {
    local tool=objcopy dump=objdump address align section options=() file field
    [[ $(uname -m) == "$arch" ]] || tool=$arch-linux-gnu-objcopy dump=$arch-linux-gnu-objdump
    have "$tool" || die "no ukify and no $tool here: install systemd-ukify, or binutils${tool%objcopy}"
    align=$((16#$("$dump" -p "$3" | sed -n 's/^SectionAlignment[[:space:]]*//p')))
    ((align >= 4096)) || align=4096 # the older stubs' own is less than a page
    # Index, name, size, address: the highest end of all.
    address=$("$dump" -h "$3" | awk '$1 ~ /^[0-9]+$/ { print $3, $4 }' | while read -r size start; do
        echo "$((16#$size + 16#$start))"
    done | sort -n | tail -n1)
    ((address && align)) || die "cannot read the sections of $3"
    for section in osrel cmdline uname linux initrd; do
        case $section in
            linux) file=$1 ;;
            initrd) file=$2 ;;
            *) file=$tmp/$section ;;
        esac
        address=$(((address + align - 1) / align * align))
        options+=(--add-section ".$section=$file" --change-section-vma ".$section=$(printf '%#x' "$address")")
        address=$((address + $(stat -Lc %s -- "$file")))
    done
    "$tool" "${options[@]}" "$3" "$4" 2>"$tmp/why" || die "$tool failed: $(tail -n1 "$tmp/why")"
    # The time of the day is in the COFF header, and in the sum over all: e_lfanew + 8 and + 88. No firmware looks at either.
    for field in 8 88; do
        printf '\0\0\0\0' | dd of="$4" bs=1 seek="$(($(od -An -tu4 -j60 -N4 -- "$4") + field))" conv=notrunc status=none
    done
}
