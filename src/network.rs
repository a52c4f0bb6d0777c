//! A root in the network, `root=/dev/nfs` or `root=/dev/cifs`, by the kernel's own words for it. The network is up: the
//! kernel was told how by `ip=`, or somebody else's /init has done it.
//!
//! Source: Documentation/admin-guide/nfs/nfsroot.rst and cifs/; `nfs_root_data()` in fs/nfs/nfsroot.c,
//! `cifs_root_setup()` in fs/smb/client/cifsroot.c, `pnp_seq_show()` in net/ipv4/ipconfig.c.

use crate::buffers::Work;
use crate::bytes::{line_behind, place_of, take_part, until};
use crate::file;
use crate::identity::Type;
use crate::kernel::Kernel;
use crate::packed;
use crate::request::{Key, Request};

/// What `root=` calls them.
const NAMES: &[u8] = packed!(b"/dev/nfs|/dev/cifs");

/// Where `work.name` is one of the two: its source stands there instead then, its options in `work.data`, its type in
/// `work.identity`. False where there is no server.
#[inline(never)]
pub fn resolve<K: Kernel>(kernel: &mut K, request: &Request<'_>, work: &mut Work) -> bool {
    let Work { name, data, identity, page, .. } = work;
    let (key, kind) = match place_of(NAMES, name.as_bytes()) {
        0 => (Key::NfsRoot, Type::Nfs),
        1 => (Key::CifsRoot, Type::Cifs),
        _ => return true,
    };
    identity.kind = kind;
    name.clear();
    let mut options = request.get(key).unwrap_or_default();
    let path = take_part(&mut options, b',').unwrap_or_default();
    if kind == Type::Nfs {
        data.push(b"nolock,addr=");
        let mut server = until(path, b':');
        if server.len() == path.len() {
            // The one that told the kernel its address, or that `ip=` names.
            server = line_behind(file::text(kernel, file::paths::PNP, &[], page), b"bootserver ");
            name.push(server);
            name.push(b":");
        }
        data.push(server);
        data.push(b",");
        if server.is_empty() {
            return false;
        }
    }
    name.push(path);
    data.push(options);
    true
}
