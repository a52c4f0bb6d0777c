# shellcheck shell=bash
# What becomes of the finished tree: an archive or a list of files, beside the old one and then in its place. Source it after common.sh.
# shellcheck disable=SC2154 # mkinitramfs sets tmp, root, output and compress

# written COMMAND…: its output, into $beside; what it says is said only where it fails.
written() { "$@" >"$beside" 2>"$tmp/why" || die "cannot write $output: $(tail -n1 "$tmp/why")"; }

# beside FILE: an empty file in FILE's directory, in $beside, gone at exit unless it was put in place.
beside() {
    mkdir -p "$(dirname -- "$1")" 2>"$tmp/why" || die "cannot make the directory of $1: $(tail -n1 "$tmp/why")"
    [[ ! -d $1 ]] || die "cannot write $1: it is a directory"
    beside=$(mktemp "$1.XXXXXX" 2>"$tmp/why") || die "cannot write $1: $(tail -n1 "$tmp/why")"
    trap 'rm -rf "$tmp" "$beside"' EXIT
}

# in_place FILE: $beside, on the disk before the old one is gone.
in_place() {
    chmod 644 "$beside"
    sync -- "$beside" 2>"$tmp/why" || die "cannot write $1: $(tail -n1 "$tmp/why")"
    replace "$beside" "$1"
    sync -- "$(dirname -- "$1")" || true # not every file system can
}

# compressed: $tmp/cpio, and before it the microcode, which the kernel reads before it can decompress anything.
compressed() {
    [[ ! -e $tmp/microcode ]] || cat "$tmp/microcode"
    ${compressors[$compress]} <"$tmp/cpio"
}

# list_of_files: the tree as the kernel's own gen_init_cpio takes it (CONFIG_INITRAMFS_SOURCE): NAME, where its content is, mode, owner.
# The files are copied beside the list, each list having its own, by its content.
list_of_files() {
    local files sum path type mode target
    path=$(find "$root" -name '*[[:space:]]*' -printf %P -quit)
    [[ ! $path ]] || die "a list cannot have names with blanks in them: $path"
    [[ -z $(find "$root" ! -type d ! -type f ! -type l -print -quit) ]] || die "a list takes files, directories and links alone"
    sum=$(cd "$root" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
    files=$(realpath -m -- "$output.files") && files+=/$sum
    [[ $files != *[[:space:]]* ]] || die "a list cannot have names with blanks in them: $files"
    mkdir -p "${files%/*}"
    rm -rf "$files.new"
    cp -RP --preserve=mode,timestamps -- "$root" "$files.new" 2>"$tmp/why" ||
        { rm -rf "$files.new" && die "cannot write $files: $(tail -n1 "$tmp/why")"; }
    rm -rf "$files"
    replace "$files.new" "$files"
    find "$root" -mindepth 1 -printf '%P\t%y\t%m\t%l\n' | sort | while IFS=$'\t' read -r path type mode target; do
        case $type in
            d) echo "dir /$path $mode 0 0" ;;
            f) echo "file /$path $files/$path $mode 0 0" ;;
            l) echo "slink /$path $target 777 0 0" ;;
        esac
    done >"$beside"
    in_place "$output"
    find "${files%/*}" -mindepth 1 -maxdepth 1 ! -path "$files" -exec rm -rf {} +
}
