# shellcheck shell=bash
# What is in the image, why, and how large it is. Source it after common.sh.
# shellcheck disable=SC2154 # mkinitramfs sets tmp and root

# put PATH KIND WHY: a file that goes into the image, or a directory with all that is in it; makes the directory that it goes into.
put() {
    mkdir -p "$(dirname -- "$root/$1")" || die "cannot make a directory for $1 in the image"
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$tmp/reasons"
}

# contents: all files and links of the image: bytes, kind, path, why. What was put last is what is there.
contents() {
    find "$root" ! -type d -printf '%P\t%s\n' | sort | awk -F'\t' '
        NR == FNR { kind[$1] = $2; why[$1] = $3; next }
        {
            for (path = $1; !(path in kind) && path ~ /\//; ) sub(/\/[^\/]*$/, "", path)
            print $2 "\t" kind[path] "\t" $1 "\t" why[path]
        }' "$tmp/reasons" -
}

# details: a line for each file. summary: one for each kind.
details() { contents | awk -F'\t' '{ printf "%10d  %-58s %s\n", $1, $3, $4 }'; }
summary() {
    contents | awk -F'\t' '
        NR == FNR { if (!($2 in bytes)) { names[++count] = $2; bytes[$2] = 0 } next }
        { bytes[$2] += $1; files[$2]++ }
        END { for (n = 1; n <= count; n++) if (files[names[n]])
            printf "%10d  %s%s\n", bytes[names[n]], names[n], (files[names[n]] > 1 ? ", " files[names[n]] " files" : "") }' "$tmp/reasons" -
}
