//! What real guests do: each test boots one or a few with `qemu/boot`, on real kernels, and reads their consoles.
//!
//!     cargo test --test scenarios            all of them
//!     cargo test --test scenarios quick_     the most valuable ones, both architectures
//!
//! Two guests run at a time, whatever the number of test threads is; `PINTLE_GUESTS=N` allows more. A test that fails
//! prints how to boot that guest again, and the guest's console; its files stay in `target/tmp`.

#[path = "scenarios/disks.rs"]
mod disks;
#[path = "scenarios/ended.rs"]
mod ended;
#[path = "scenarios/guest.rs"]
mod guest;
#[path = "scenarios/harness.rs"]
mod harness;
#[path = "scenarios/images.rs"]
mod images;
#[path = "kmod/modprobe.rs"]
#[allow(dead_code, reason = "the test of that name uses the rest")]
mod modprobe;
#[path = "scenarios/monitor.rs"]
mod monitor;
#[path = "scenarios/says.rs"]
mod says;
#[path = "tool/session.rs"]
mod session;
#[path = "scenarios/structures.rs"]
mod structures;
#[path = "scenarios/tree.rs"]
mod tree;
#[path = "scenarios/verified.rs"]
mod verified;

#[path = "scenarios/btrfs.rs"]
mod btrfs;
#[path = "scenarios/builder.rs"]
mod builder;
#[path = "scenarios/builder_errors.rs"]
mod builder_errors;
#[path = "scenarios/builder_forms.rs"]
mod builder_forms;
#[path = "scenarios/builder_host.rs"]
mod builder_host;
#[path = "scenarios/builder_refuses.rs"]
mod builder_refuses;
#[path = "scenarios/command_line.rs"]
mod command_line;
#[path = "scenarios/console.rs"]
mod console;
#[path = "scenarios/discovery.rs"]
mod discovery;
#[path = "scenarios/distribution.rs"]
mod distribution;
#[path = "scenarios/distribution_top.rs"]
mod distribution_top;
#[path = "scenarios/duplicates.rs"]
mod duplicates;
#[path = "scenarios/failure.rs"]
mod failure;
#[path = "scenarios/filesystems.rs"]
mod filesystems;
#[path = "scenarios/first_init.rs"]
mod first_init;
#[path = "scenarios/fsck.rs"]
mod fsck;
#[path = "scenarios/good_boot.rs"]
mod good_boot;
#[path = "scenarios/guard.rs"]
mod guard;
#[path = "scenarios/hardware.rs"]
mod hardware;
#[path = "scenarios/hibernation.rs"]
mod hibernation;
#[path = "scenarios/hostile.rs"]
mod hostile;
#[path = "scenarios/hotplug.rs"]
mod hotplug;
#[path = "scenarios/image_file.rs"]
mod image_file;
#[path = "scenarios/init.rs"]
mod init;
#[path = "scenarios/initramfs_list.rs"]
mod initramfs_list;
#[path = "scenarios/inodes.rs"]
mod inodes;
#[path = "scenarios/installed.rs"]
mod installed;
#[path = "scenarios/io_errors.rs"]
mod io_errors;
#[path = "scenarios/journals.rs"]
mod journals;
#[path = "scenarios/memory.rs"]
mod memory;
#[path = "scenarios/modules.rs"]
mod modules;
#[path = "scenarios/new_root.rs"]
mod new_root;
#[path = "scenarios/next_root.rs"]
mod next_root;
#[path = "scenarios/packed.rs"]
mod packed;
#[path = "scenarios/power_cut.rs"]
mod power_cut;
#[path = "scenarios/readme.rs"]
mod readme;
#[path = "scenarios/rescue.rs"]
mod rescue;
#[path = "scenarios/root_device.rs"]
mod root_device;
#[path = "scenarios/settings.rs"]
mod settings;
#[path = "scenarios/shared.rs"]
mod shared;
#[path = "scenarios/smallest.rs"]
mod smallest;
#[path = "scenarios/stay.rs"]
mod stay;
#[path = "scenarios/stuck.rs"]
mod stuck;
#[path = "scenarios/subvolumes.rs"]
mod subvolumes;
#[path = "scenarios/switch_root.rs"]
mod switch_root;
#[path = "scenarios/tables.rs"]
mod tables;
#[path = "scenarios/top.rs"]
mod top;
#[path = "scenarios/uefi.rs"]
mod uefi;
#[path = "scenarios/uki.rs"]
mod uki;
#[path = "scenarios/untouched.rs"]
mod untouched;
#[path = "scenarios/usr.rs"]
mod usr;
#[path = "scenarios/verity.rs"]
mod verity;
#[path = "scenarios/verity_damage.rs"]
mod verity_damage;
#[path = "scenarios/verity_layers.rs"]
mod verity_layers;
