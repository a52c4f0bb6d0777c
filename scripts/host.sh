# shellcheck shell=bash
# What the root of a machine needs, as its /sys tells, and whether pintle can boot it at all. Source it after common.sh.
# $host is the directory that has the machine's sys, proc and etc: empty for this machine.
# shellcheck disable=SC2154 # mkinitramfs sets host, version and tmp

shopt -s extglob

# The file systems that pintle recognises as a root's, and those of no block device.
host_types=' ext2 ext3 ext4 xfs btrfs f2fs erofs squashfs vfat exfat iso9660 udf ntfs3 jfs nilfs2 minix romfs cramfs ubifs jffs2 9p virtiofs '

refused=()
refuse() { refused+=("$*"); }

# host_mount DIR: type, source, number and options of the file system that is mounted there, in $type, $source, $number, $options.
# proc_pid_mountinfo(5): the last line is what one sees, blanks are \040.
host_mount() {
    local line
    line=$(awk -v dir="$1" '
        $5 == dir { for (n = 7; n <= NF && $n != "-"; n++); line = $(n + 1) " " $(n + 2) " " $3 " " $(n + 3) }
        END { print line }' "$host/proc/self/mountinfo") || die "cannot read $host/proc/self/mountinfo"
    [[ $line ]] || return 1
    read -r type source number options <<<"$line"
    printf -v source %b "${source//\\/\\0}"
}

# block_of PATH: the directory in /sys of the block device that is called so: the kernel's name, a link to it, or a mapped one.
block_of() {
    local name=$1 mapped
    [[ $name != /dev/disk/* ]] || name=$(readlink -f -- "$host$name") || return 1
    name=${name#"$host"}
    name=${name#/dev/}
    for mapped in "$host"/sys/class/block/dm-*; do
        [[ ! -r $mapped/dm/name || mapper/$(<"$mapped/dm/name") != "$name" ]] || name=${mapped##*/}
    done
    [[ -e $host/sys/class/block/${name//\//!} ]] || return 1
    realpath -- "$host/sys/class/block/${name//\//!}"
}

# refuse_stacked DIR WHAT: says so where the block device is one that something in the initramfs would have to set up.
refuse_stacked() {
    local dir=$1 what=$2 name=${1##*/} kind
    # A partition is in the directory of its disk.
    [[ ! -e $dir/partition ]] || dir=${dir%/*}
    case ${dir##*/} in
        dm-*)
            case $(cat "$dir/dm/uuid" 2>/dev/null) in
                CRYPT-LUKS*) kind='encrypted (LUKS)' ;;
                CRYPT-VERITY-*) kind='a dm-verity device' ;;
                CRYPT-*) kind='encrypted (dm-crypt)' ;;
                LVM-*) kind='an LVM volume' ;;
                mpath-* | part*-mpath-*) kind='a multipath device' ;;
                DMRAID-*) kind='a dmraid set' ;;
                *) kind='a device-mapper device' ;;
            esac
            [[ ! -r $dir/dm/name ]] || kind+=", $(<"$dir/dm/name")"
            ;;
        md*) kind='an md array' ;;
        bcache*) kind='a bcache device' ;;
        loop*) kind='a loop device' ;;
        zd*) kind='a ZFS volume' ;;
        nbd* | rbd* | drbd*) kind='in the network' ;;
        zram* | ram*) kind='in memory' ;;
        *)
            case $dir in
                */virtual/nvme-subsystem/*) return 0 ;;
                */virtual/*) kind='a virtual device' ;;
                */session+([0-9])/*) kind='on iSCSI' ;;
                *) return 0 ;;
            esac
            ;;
    esac
    refuse "$what is on $name, which is $kind"
}

# collect DIR: the devices from the bus down to DIR, each after those that feed it (device links: clocks, regulators, phys), in
# $chain. Bounded by $seen.
declare -A seen
collect() {
    local dir=$1 dirs=() link
    while [[ $dir == "$host"/sys/devices/* ]]; do dirs=("$dir" "${dirs[@]}"); dir=${dir%/*}; done
    for dir in "${dirs[@]}"; do
        [[ ! ${seen[$dir]-} ]] || continue
        seen[$dir]=1
        for link in "$dir"/supplier:*/supplier; do [[ ! -e $link ]] || collect "$(realpath -- "$link")"; done
        # A namespace of several paths is in the subsystem, and that has links to its controllers.
        [[ ${dir%/*} != */virtual/nvme-subsystem ]] || for link in "$dir"/nvme+([0-9]); do
            [[ $(cat "$link/transport" 2>/dev/null) == pcie ]] || refuse "${link##*/} is NVMe over a network"
            collect "$(realpath -- "$link")"
        done
        chain+=("$dir")
    done
}

# host_blocks DIR: directories in /sys of all block devices of the file system that is mounted there ($type, $source, $number).
host_blocks() {
    local device fs
    if [[ $number != 0:* ]]; then
        device=$host/sys/dev/block/$number
        [[ -e $device ]] || device=$host/sys/class/block/${source##*/} # a copy of a /sys may lack the links by number
        [[ -e $device ]] || { refuse "$1 is on $source, number $number, which /sys doesn't know" && return; }
        realpath -- "$device" >>"$tmp/blocks"
        return
    fi
    # btrfs has numbers of its own.
    device=$(block_of "$source") || { refuse "$1 is on $source ($type), which is no block device of /sys" && return; }
    echo "$device" >>"$tmp/blocks"
    for fs in "$host"/sys/fs/btrfs/*/devices; do
        [[ ! -e $fs/${device##*/} ]] || realpath -- "$fs"/* >>"$tmp/blocks"
    done
}

# host_device DIR: what the file system mounted at DIR needs, in $chain and $types; what speaks against it, in $refused.
chain=() types=()
host_device() {
    local type source number options device mtd
    if ! host_mount "$1"; then
        [[ $1 != / ]] || die "nothing is mounted at / by $host/proc/self/mountinfo: in a chroot --host has no root to look at"
        return 0
    fi
    : >"$tmp/blocks"
    case $type in
        zfs) refuse "$1 is ZFS" ; return ;;
        overlay | tmpfs | ramfs | rootfs) refuse "$1 is $type: which devices are below it isn't known"; return ;;
        nfs | nfs4 | cifs | smb3) refuse "$1 is in the network ($type)"; return ;;
    esac
    [[ $host_types == *" $type "* ]] || { refuse "$1 is $type, a file system that pintle doesn't know" && return; }
    types+=("$type")
    [[ ! $options =~ (^|,)((logdev|rtdev)=[^,]*) ]] || refuse "$1 needs a second device (${BASH_REMATCH[2]})"
    case $type in
        9p | virtiofs)
            for device in "$host/sys/bus/virtio/drivers/${type/#9p/9pnet_virtio}"/virtio+([0-9]); do
                [[ ! -e $device ]] || collect "$(realpath -- "$device")"
            done
            ;;
        ubifs | jffs2)
            mtd=${source#mtd:} mtd=${mtd#/dev/}
            [[ $type != ubifs ]] || mtd=mtd$(cat "$host/sys/class/ubi/${source%%[:_]*}/mtd_num" 2>/dev/null || true)
            [[ -e $host/sys/class/mtd/${mtd/block/} ]] || { refuse "$1 is on $source ($type), whose MTD device isn't in /sys" && return; }
            collect "$(realpath -- "$host/sys/class/mtd/${mtd/block/}")"
            ;;
        *)
            host_blocks "$1"
            while read -r device; do
                refuse_stacked "$device" "$1"
                collect "$device"
            done < <(sort -u "$tmp/blocks")
            ;;
    esac
}

# host_files: what /etc says that pintle can't do. fstab(5), crypttab(5).
host_files() {
    local source dir type name device options
    while read -r source dir type options _; do
        [[ ,$options, != *,x-initrd.mount,* ]] || refuse "/etc/fstab: $dir is to be mounted by the initramfs (x-initrd.mount)"
        [[ $dir == / || $dir == /usr ]] || continue
        case $type,$source in
            zfs,*) refuse "/etc/fstab: $dir is ZFS" ;;
            *,/dev/disk/by-@(uuid|label|partuuid|partlabel)/*) ;;
            *,/dev/disk/*) [[ $dir == / ]] || refuse "/etc/fstab: $dir is on $source, a link of udev's" ;; # / is what root= says
            *,/dev/mapper/* | *,/dev/dm-* | *,/dev/md* | *,/dev/*/*) refuse "/etc/fstab: $dir is on $source, which is mapped or an array" ;;
            *) [[ ,$options, != *,?(r)bind,* ]] || refuse "/etc/fstab: $dir is a bind mount" ;;
        esac
    done < <(sed 's/#.*//' "$host/etc/fstab" 2>/dev/null)
    while read -r name device _ options; do
        [[ $name ]] || continue
        case ,$options, in
            *,initramfs,* | *,x-initrd.attach,*) refuse "/etc/crypttab: $name wants to be opened in the initramfs"; continue ;;
        esac
        ! host_is_root "$device" || refuse "/etc/crypttab: $name is on $device, on which the root is"
    done < <(sed 's/#.*//' "$host/etc/crypttab" 2>/dev/null)
}

# host_words: forms of root= on the command line of this boot that pintle hasn't; and what it needs to look at resume=, since an image
# that isn't found there is a system that is lost.
host_words() {
    local word device
    while read -r -d ' ' word; do
        case $word in
            root=/dev/disk/by-@(uuid|label|partuuid|partlabel)/*) ;;
            root=/dev/disk/* | root=/dev/mapper/* | root=/dev/dm-* | root=/dev/md* | root=ZFS=* | root=zfs* | root=/dev/+([!/])/*)
                refuse "the command line's $word is none of pintle's forms" ;;
            resume=?*)
                device=$(block_of "$(tag_path "${word#resume=}")") || continue
                refuse_stacked "$device" resume=
                collect "$device"
                ;;
        esac
    done <<<"$(cat "$host/proc/cmdline" 2>/dev/null) "
}

# host_runs: it is the machine that runs, no chroot or container in which the image of another one is made.
host_runs() {
    local mark
    for mark in run/systemd/container run/.containerenv .dockerenv; do
        [[ ! -e $host/$mark ]] || return 1
    done
    [[ -r $host/proc/self/mountinfo && -d $host/sys/devices ]] || return 1
    # In a chroot PID 1 has another root.
    [[ $host || /proc/1/root -ef / ]] && awk '$5 == "/" { found = 1 } END { exit !found }' "$host/proc/self/mountinfo"
}

# tag_path NAME: the link of udev's for a tag (UUID=…), any other name as it is.
tag_path() {
    local value=${1#*=}
    case $1 in
        UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*) set -- "${1%%=*}" && echo "/dev/disk/by-${1,,}/${value//\"/}" ;;
        *) echo "$1" ;;
    esac
}

# host_is_root DEVICE: it is one on which the root or /usr is, by a tag or a path.
host_is_root() {
    local device
    device=$(block_of "$(tag_path "$1")") || return 1
    [[ " ${roots[*]-} " == *" $device "* ]]
}

# host_look: fills $chain, $types and $refused.
host_look() {
    [[ -e $host/sys/devices ]] || die "no sysfs at $host/sys: --host has nothing to look at"
    [[ -r $host/proc/self/mountinfo ]] || die "no $host/proc/self/mountinfo: --host has no root to look at"
    roots=()
    for dir in / /usr; do
        host_device "$dir"
        [[ ! -e $tmp/blocks ]] || mapfile -t -O "${#roots[@]}" roots <"$tmp/blocks"
    done
    host_files
    host_words
}

# in_running NAME: the running kernel's tree, where it is there, has it as a module or built in. What drives a device and can't be a
# module (pcieport) is in none.
in_running() {
    local running
    running=$(cat "$host/proc/sys/kernel/osrelease") &&
        modprobe -q -C /dev/null -d "$host/" -S "$running" --show-depends "$1" >/dev/null 2>&1
}

# host_modules: what each device of the chain, then the file systems, need of the tree: NAME, a tab, why; in order.
# The running kernel tells a driver's module by name; where it is built in there, another kernel's may be found by the device's modalias.
host_modules() {
    local dir module modalias same='' loaded type
    [[ $version != "$(cat "$host/proc/sys/kernel/osrelease" 2>/dev/null)" ]] || same=1
    for dir in "${chain[@]}"; do
        [[ -e $dir/driver ]] || continue
        module=$(readlink -- "$dir/driver/module" || true) module=${module##*/}
        modalias=$(cat "$dir/modalias" 2>/dev/null || true)
        loaded='' # what is built in has no state
        [[ ! $module || ! -e $host/sys/module/$module/initstate ]] || loaded=1
        if [[ $loaded || $module && ! $same ]] && in_tree "$module"; then
            printf '%s\t%s\n' "$module" "drives ${dir##*/}"
        elif [[ ! $same && $modalias ]] && in_tree "$modalias"; then
            printf '%s\t%s\n' "$modalias" "drives ${dir##*/}, by its modalias"
        elif [[ $loaded ]] || { [[ $module && ! $same ]] && in_running "$module"; }; then
            die "${dir##*/} is driven by $module, which $tree lacks"
        fi
    done
    for type in "${types[@]}"; do
        in_tree "fs-$type" || in_tree "$type" || die "the root is $type, for which $tree has no module"
        if in_tree "fs-$type"; then type=fs-$type; fi
        printf '%s\t%s\n' "$type" "file system of the root"
    done
    # The tag's transport has no place in the chain of a kernel that has it built in.
    [[ " ${types[*]} " != *" 9p "* ]] || ! in_tree 9pnet_virtio || printf '%s\t%s\n' 9pnet_virtio "transport of 9p"
    [[ " ${types[*]} " != *" ubifs "* ]] || ! in_tree ubi || printf '%s\t%s\n' ubi "below ubifs"
}
