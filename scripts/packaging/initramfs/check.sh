# shellcheck shell=bash
# What of this system pintle can't boot, and what its root needs; source it. It reads and changes nothing, and stands by itself, since
# the package's preinst carries a copy of it: a machine whose root isn't supported must be told before anything is taken over.
#
# $SYSTEM is put before /etc, /proc, /sys and /dev: a directory that stands for a whole system in the tests, empty otherwise.
# $PINTLE is the binary that is asked for its own opinion; not there: it isn't asked.

SYSTEM=${SYSTEM-}
PINTLE=${PINTLE-/usr/lib/pintle/init.$(uname -m)}

# File systems on block devices that pintle recognises, as /proc/filesystems and fstab call them.
TYPES_KNOWN=' auto ext2 ext3 ext4 xfs btrfs f2fs erofs squashfs vfat exfat iso9660 udf ntfs ntfs3 jfs nilfs2 minix romfs cramfs '

# look_at_system: fills REASONS, a line each of what pintle can't boot; DEVICES, the directories in /sys/devices of the disks that the root
# and its /usr are on; OWN, those of their block devices themselves; TYPES, their file systems. RUNS is empty where only the files could be looked at.
look_at_system() {
    # shellcheck disable=SC2034 # for the caller
    REASONS=() DEVICES=() TYPES=() RUNS='' OWN=()
    look_at_fstab
    if runs_here; then
        # shellcheck disable=SC2034 # for the caller
        RUNS=1
        look_at_mount /
        [[ ! ${FSTAB_USR-} ]] || look_at_mount /usr
        look_at_words
    else
        [[ ! ${FSTAB_TYPE-} || $FSTAB_TYPE == auto ]] || TYPES+=("$FSTAB_TYPE")
    fi
    look_at_crypttab
}

refuse() { REASONS+=("$*"); }

# runs_here: the system is the one that the machine runs, no chroot or container in which an image is made for another machine.
runs_here() {
    local mark
    for mark in run/systemd/container run/.containerenv .dockerenv; do
        [[ ! -e $SYSTEM/$mark ]] || return 1
    done
    [[ -r $SYSTEM/proc/self/mountinfo && -d $SYSTEM/sys/dev/block ]] || return 1
    # In a chroot the root of PID 1 is another one, and no mount of "/" is to be seen.
    [[ $SYSTEM || /proc/1/root -ef / ]] || return 1
    [[ $(mount_of /) ]]
}

# mount_of PLACE: "MAJOR:MINOR TYPE SOURCE OPTIONS" of what is mounted there last, proc_pid_mountinfo(5).
mount_of() {
    awk -v place="$1" '$5 == place { for (i = 7; i < NF && $i != "-"; i++); found = $3 " " $(i + 1) " " $(i + 2) " " $(i + 3) } END { if (found) print found }' \
        "$SYSTEM/proc/self/mountinfo"
}

# look_at_fstab: the root and /usr, by what they are called and what they are; what else the initramfs would have to mount.
look_at_fstab() {
    local spec place type options _
    FSTAB_ROOT='' FSTAB_USR='' FSTAB_TYPE=''
    [[ -r $SYSTEM/etc/fstab ]] || return 0
    while read -r spec place type options _; do
        [[ $spec && $spec != '#'* ]] || continue
        case $place in
            /) FSTAB_ROOT=$spec FSTAB_TYPE=$type ;;
            /usr) FSTAB_USR=$spec ;;
            *)
                [[ ,$options, != *,x-initrd.mount,* ]] || refuse "/etc/fstab: $place is to be mounted by the initramfs (x-initrd.mount)"
                continue
                ;;
        esac
        look_at_type "/etc/fstab: $place" "$type"
        case $spec in
            none | rootfs | overlay | tmpfs) ;; # of the type that was judged
            UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*) ;;
            /dev/disk/by-uuid/* | /dev/disk/by-label/* | /dev/disk/by-partuuid/* | /dev/disk/by-partlabel/*) ;;
            /dev/mapper/* | /dev/dm-*) refuse "/etc/fstab: $place is on $spec, which the device mapper makes (LUKS, LVM, multipath)" ;;
            /dev/md*) refuse "/etc/fstab: $place is on $spec, an md RAID" ;;
            /dev/root) ;;
            /dev/*/*) refuse "/etc/fstab: $place is on $spec, a name that LVM or udev makes" ;;
            /dev/*) ;;
            *) [[ $type == zfs ]] || refuse "/etc/fstab: $place is on $spec, which isn't the name of a block device" ;;
        esac
        [[ ,$options, != *,bind,* && ,$options, != *,rbind,* ]] || refuse "/etc/fstab: $place is a bind mount"
    done <"$SYSTEM/etc/fstab"
}

# look_at_type WHERE TYPE
look_at_type() {
    [[ $TYPES_KNOWN == *" $2 "* ]] || refuse "$1 is $2, which pintle can't mount"
}

# look_at_crypttab: crypttab(5). What the running system unlocks by itself later (a swap, a disk of data) is none of the initramfs's business.
look_at_crypttab() {
    local name source options what _
    [[ -r $SYSTEM/etc/crypttab ]] || return 0
    while read -r name source _ options _; do
        [[ $name && $name != '#'* ]] || continue
        what="/etc/crypttab: $name ($source)"
        case ,${options%%#*}, in
            *,initramfs,* | *,x-initrd.attach,*) refuse "$what is to be unlocked by the initramfs; pintle can't unlock LUKS" && continue ;;
        esac
        if [[ $FSTAB_ROOT == "/dev/mapper/$name" || $FSTAB_USR == "/dev/mapper/$name" ]] || is_ours "$source"; then
            refuse "$what is what the root or /usr is on; pintle can't unlock LUKS"
        fi
    done <"$SYSTEM/etc/crypttab"
}

# node SPEC: the path of the device that a tag or a path names; nothing where there is none.
node() {
    local spec=${1//\"/} path
    case $spec in
        UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*)
            path=${spec%%=*}
            path=/dev/disk/by-${path,,}/${spec#*=}
            ;;
        *) path=$spec ;;
    esac
    [[ $path == /dev/* && -e $SYSTEM$path ]] || return 0
    realpath -- "$SYSTEM$path"
}

# is_ours SPEC: names the root or /usr in fstab's own words, or one of the devices that they are on, or a partition of such a disk.
is_ours() {
    local path name dir
    [[ $1 != "$FSTAB_ROOT" && ($1 != "$FSTAB_USR" || ! $1) ]] || return 0
    path=$(node "$1")
    [[ $path ]] || return 1
    [[ ! $FSTAB_ROOT || $path != "$(node "$FSTAB_ROOT")" ]] || return 0
    [[ ! $FSTAB_USR || $path != "$(node "$FSTAB_USR")" ]] || return 0
    name=${path##*/}
    for dir in "${OWN[@]}"; do [[ $name != "${dir##*/}" ]] || return 0; done
    return 1
}

# look_at_mount PLACE: what is mounted there now, and all that is below it.
look_at_mount() {
    local number type source options path name member other
    read -r number type source options < <(mount_of "$1") || return 0
    look_at_type "the running system: $1" "$type"
    [[ $TYPES_KNOWN == *" $type "* ]] || return 0
    TYPES+=("$type")
    path=$SYSTEM/sys/dev/block/$number
    if [[ $type == btrfs ]]; then # its number is of no device; it may be on several
        name=$(node "$source")
        path=$SYSTEM/sys/class/block/${name##*/}
    fi
    if [[ $type == btrfs && ! $name || ! -e $path ]]; then
        refuse "the running system: no device of $1 ($source) is to be found in /sys"
        return 0
    fi
    path=$(realpath -- "$path")
    look_at_device "$1" "$path"
    [[ $type != btrfs ]] || for member in "$SYSTEM"/sys/fs/btrfs/*/devices/"${path##*/}"; do
        [[ -e $member ]] || continue
        for other in "${member%/*}"/*; do
            path=$SYSTEM/sys/class/block/${other##*/}
            path=$(realpath -- "$path")
            [[ " ${OWN[*]} " == *" $path "* ]] || look_at_device "$1" "$path"
        done
    done
    # A log or a real-time part on a device of its own (XFS), a journal of its own (ext4).
    for name in logdev rtdev journal_path; do
        [[ ,$options, =~ ,$name=([^,]*), ]] || continue
        path=$(node "${BASH_REMATCH[1]}")
        if [[ $path ]]; then look_at_device "$1" "$(realpath -- "$SYSTEM/sys/class/block/${path##*/}")"
        else refuse "the running system: $1 has $name=${BASH_REMATCH[1]}, which isn't there"; fi
    done
}

# look_at_device PLACE DIRECTORY: a block device, by its directory in /sys/devices.
look_at_device() {
    local dir=$2 name up controller found='' why=''
    OWN+=("$dir")
    [[ ! -e $dir/partition ]] || dir=${dir%/*}
    name=${dir##*/}
    if [[ -e $dir/dm/uuid ]]; then
        case $(<"$dir/dm/uuid") in
            CRYPT-VERITY-*) why='dm-verity' ;;
            CRYPT-*) why="encrypted ($(cut -d- -f2 "$dir/dm/uuid"))" ;;
            LVM-*) why='LVM' ;;
            mpath-* | part*-mpath-*) why='multipath' ;;
            DMRAID-*) why='a RAID of the firmware (dmraid)' ;;
            *) why='of the device mapper' ;;
        esac
    elif [[ -d $dir/md ]]; then why='an md RAID'
    elif [[ -d $dir/bcache && $name == bcache* ]]; then why='bcache'
    elif [[ -d $dir/loop || $name == loop* ]]; then why='a file (loop device)'
    elif compgen -G "$dir/slaves/*" >/dev/null; then why="on top of other devices ($(cd "$dir/slaves" && echo *))"
    fi
    if [[ $why ]]; then
        refuse "the running system: $1 is on $name, which is $why"
        return 0
    fi
    case $dir in
        */virtual/nvme-subsystem/*) # one namespace behind several controllers, or one that could be
            for controller in "${dir%/*}"/nvme*; do
                [[ -e $controller/transport ]] || continue
                if [[ $(<"$controller/transport") == pcie ]]; then
                    DEVICES+=("$(realpath -- "$controller")") found=1
                else refuse "the running system: $1 is on $name, which is NVMe over $(<"$controller/transport")"; fi
            done
            [[ $found ]] || refuse "the running system: $1 is on $name, no controller of which is to be found in /sys"
            return 0
            ;;
        */virtual/*) why='made by software, by nothing that pintle knows' ;;
        */session[0-9]*/target*) why='iSCSI' ;;
    esac
    if [[ ! $why ]]; then
        for ((up = 0; up < 40; up++)); do
            controller=${controller:-$dir}
            controller=${controller%/*}
            [[ $controller == */devices/* ]] || break
            [[ ! -e $controller/transport || $(<"$controller/transport") == pcie ]] || why="NVMe over $(<"$controller/transport")"
        done
    fi
    if [[ $why ]]; then refuse "the running system: $1 is on $name, which is $why"; else DEVICES+=("$dir"); fi
}

# look_at_words: what pintle itself would boot by this boot's command line, and whether that is the root.
look_at_words() {
    local words said name
    [[ -x $PINTLE && -r $SYSTEM/proc/cmdline && ${#OWN[@]} != 0 ]] || return 0
    words=$(<"$SYSTEM/proc/cmdline")
    if ! said=$("$PINTLE" root "$words" 2>&1); then
        said=$(grep -v ': there is ' <<<"$said" | head -n1) || true
        refuse "the command line: ${said:-pintle finds no root by it}"
        return 0
    fi
    # "root=NAME is /dev/vda1 …: it would be mounted …"
    name=$(sed -n 's|.* is /dev/\([^ :]*\).*it would be mounted.*|\1|p' <<<"$said" | tail -n1)
    [[ ! $name || ${name##*/} == "${OWN[0]##*/}" ]] || refuse "the command line: by it pintle would boot /dev/$name, and the root is ${OWN[0]##*/}"
}

# modules_of VERSION TREE: the modules of that kernel, TREE/lib/modules/VERSION, for DEVICES, what they hang on, and TYPES, a name or an
# alias a line, from the bus down. Where that kernel has neither what drives a device now nor anything else for it: a line "!" and why.
modules_of() {
    local device dir dirs alias module type up running
    running=$(<"$SYSTEM/proc/sys/kernel/osrelease")
    for device in "${DEVICES[@]}"; do
        dirs=()
        for ((up = 0; up < 40; up++)); do
            [[ $device == "$SYSTEM"/sys/devices/?* ]] || break
            dirs=("$device" "${dirs[@]}")
            device=${device%/*}
        done
        for dir in "${dirs[@]}"; do
            [[ -e $dir/driver ]] || continue
            module='' alias=''
            if [[ -e $dir/driver/module ]]; then
                module=$(realpath -- "$dir/driver/module")
                module=${module##*/}
            fi
            [[ ! -r $dir/modalias ]] || alias=$(<"$dir/modalias")
            if [[ $module ]] && in_kernel "$1" "$2" "$module"; then echo "$module"
            elif [[ $alias ]] && in_kernel "$1" "$2" "$alias"; then echo "$alias"
            # What can't be a module (pcieport) has a directory in /sys/module too, and no kernel knows it by name.
            elif [[ -e $dir/driver/module/initstate ]] || { [[ $module ]] && in_kernel "$running" "$2" "$module"; }; then
                missing "$1" "$module, which drives ${dir#"$SYSTEM"}"
            fi
        done
    done
    for type in "${TYPES[@]}"; do
        case $type in
            auto) continue ;;
            ntfs) type=ntfs3 ;;
        esac
        if in_kernel "$1" "$2" "fs-$type"; then echo "fs-$type"
        elif in_kernel "$1" "$2" "$type"; then echo "$type"
        else missing "$1" "$type, the file system of the root or /usr"; fi
    done
}

missing() { echo "!kernel $1 has no $2"; }

# in_kernel VERSION TREE NAME: a module or an alias of one, or built in.
in_kernel() { modprobe -q -C /dev/null -d "$2/" -S "$1" --show-depends "$3" >/dev/null 2>&1; }
