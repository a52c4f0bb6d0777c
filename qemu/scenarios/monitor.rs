//! QEMU's monitor (docs/interop/qmp-spec.txt), a line a message: what is plugged into a guest that runs, what it has in its
//! memory.

use crate::guest::Guest;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A guest's monitor.
pub(crate) struct Monitor(BufReader<UnixStream>);

impl Monitor {
    /// `guest` with a monitor at `socket`.
    pub(crate) fn of(guest: Guest, socket: &Path) -> Guest {
        guest.qemu("-qmp", &format!("unix:{},server=on,wait=off", socket.display()))
    }

    pub(crate) fn connect(socket: &Path) -> Monitor {
        let stream = UnixStream::connect(socket).expect("QEMU's monitor");
        let mut monitor = Monitor(BufReader::new(stream));
        assert!(monitor.read().contains("\"QMP\""), "no greeting");
        monitor.execute("\"qmp_capabilities\"");
        monitor
    }

    /// Plugs in a disk with the content of the file `disk`, as a device with these properties.
    #[track_caller]
    pub(crate) fn plug(&mut self, disk: &str, device: &str) {
        let file = format!(r#"{{"driver":"file","filename":"{disk}"}}"#);
        self.execute(&format!(r#""blockdev-add","arguments":{{"driver":"raw","node-name":"late","file":{file}}}"#));
        self.execute(&format!(r#""device_add","arguments":{{"id":"late","drive":"late",{device}}}"#));
    }

    /// The guest's time stands still from here to [`Monitor::go_on`].
    #[track_caller]
    pub(crate) fn halt(&mut self) {
        self.execute("\"stop\"");
    }

    #[track_caller]
    pub(crate) fn go_on(&mut self) {
        self.execute("\"cont\"");
    }

    /// What the kernel has at an address of its own, while the CPU is in it. QEMU writes it to `file`.
    #[track_caller]
    pub(crate) fn memory(&mut self, address: u64, length: usize, file: &Path) -> Vec<u8> {
        // QEMU takes it as a number with a sign.
        let address = address.cast_signed();
        let arguments = format!(r#"{{"val":{address},"size":{length},"filename":"{}"}}"#, file.display());
        self.execute(&format!(r#""memsave","arguments":{arguments}"#));
        fs::read(file).expect("what QEMU wrote")
    }

    #[track_caller]
    fn execute(&mut self, command: &str) {
        writeln!(self.0.get_mut(), "{{\"execute\":{command}}}").expect("to write to QEMU's monitor");
        // Events may come between.
        let answer = std::iter::repeat_with(|| self.read()).find(|line| !line.contains("\"event\""));
        assert!(answer.as_ref().is_some_and(|line| line.contains("\"return\"")), "{command}: {answer:?}");
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).expect("to read from QEMU's monitor");
        assert!(length > 0, "QEMU has closed its monitor");
        line
    }
}
