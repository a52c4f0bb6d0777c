use super::*;

/// What a root is taken for, as text.
fn parse(root: &str, fstypes: &str) -> String {
    let mut spec = Spec::new(By::Nothing, b"");
    if let Err(message) = spec.parse(root.as_bytes(), fstypes.as_bytes()) {
        return format!("{message:?}");
    }
    if let Some(dev) = spec.dev {
        let mut number = Text::new();
        dev.push(&mut number);
        return format!("{:?} {}", spec.by, number.as_bytes().escape_ascii());
    }
    let offset = if spec.offset == 0 { String::new() } else { format!(" {:+}", spec.offset) };
    format!("{:?} {}{offset}", spec.by, spec.text.escape_ascii())
}

#[test]
fn devices() {
    let rows = [
        ("/dev/vda1", "Name vda1"),
        ("/dev/cciss/c0d0p1", "Name cciss/c0d0p1"),
        ("/dev/diskette", "Name diskette"),
        ("/dev/nfs/x", "Name nfs/x"),
        ("/dev/ram", "Name ram0"),
        ("/dev/ram1", "Name ram1"),
        ("/dev/ram/0", "Name ram/0"),
        ("/dev/", "UnknownRoot"),
        ("/dev//vda", "UnknownRoot"),
        ("/dev", "UnknownRoot"),
        ("/dev/mapper", "UdevRoot"),
        ("/dev/mapper/root", "UdevRoot"),
        ("/dev/nfs", "Source /dev/nfs"),
        ("/dev/cifs", "Source /dev/cifs"),
        ("vda1", "UnknownRoot"),
        ("", "UnknownRoot"),
    ];
    for (root, expected) in rows {
        assert_eq!(parse(root, ""), expected, "{root}");
    }
}

#[test]
fn numbers() {
    let rows = [
        ("8:1", "Number 8:1"),
        ("259:3", "Number 259:3"),
        ("8:1:0", "Number 8:1"),
        ("8:1:2:", "Number 8:1"),
        ("4095:1048575", "Number 4095:1048575"),
        ("8:1:", "UnknownRoot"),
        ("8:1:x", "UnknownRoot"),
        ("8:1:0:0", "UnknownRoot"),
        ("8:1 ", "UnknownRoot"),
        ("8:", "UnknownRoot"),
        (":1", "UnknownRoot"),
        ("8:x", "UnknownRoot"),
        ("fe:1", "UnknownRoot"),
        ("4294967296:1", "UnknownRoot"),
        ("0:0", "UnknownRoot"),
        ("4096:0", "UnknownRoot"),
        ("1:1048576", "UnknownRoot"),
        ("801", "Number 8:1"),
        ("0x801", "Number 8:1"),
        ("fe00", "Number 254:0"),
        ("FE00", "Number 254:0"),
        ("10300", "Number 259:0"),
        ("00100801", "Number 8:257"),
        ("99999999", "Number 2457:629145"),
        ("100000801", "UnknownRoot"),
        ("0", "UnknownRoot"),
        ("801z", "UnknownRoot"),
    ];
    for (root, expected) in rows {
        assert_eq!(parse(root, ""), expected, "{root}");
    }
}

#[test]
fn tags_and_links() {
    let rows = [
        ("UUID=1-2", "Uuid 1-2"),
        ("LABEL=x", "Label x"),
        ("LABEL=a/b", "Label a/b"),
        ("LABEL=\"my root\"", "Label my root"),
        ("UUID='1-2'", "Uuid 1-2"),
        ("LABEL='x\"", "Label \\'x\\\""),
        ("LABEL=\"", "Label \\\""),
        ("LABEL=\"\"", "UnknownRoot"),
        ("LABEL=", "UnknownRoot"),
        ("PARTUUID=", "UnknownRoot"),
        ("PARTUUID=0F2A-01", "PartUuid 0F2A-01"),
        ("PARTUUID=0f2a-01/PARTNROFF=2", "PartUuid 0f2a-01 +2"),
        ("PARTUUID=0f2a-01/PARTNROFF=-1", "PartUuid 0f2a-01 -1"),
        ("PARTUUID=\"0f2a-01/PARTNROFF=1\"", "PartUuid 0f2a-01 +1"),
        ("PARTUUID=0f2a-01/PARTNROFF=0", "PartUuid 0f2a-01"),
        ("PARTUUID=0f2a-01/PARTNROFF=", "UnknownRoot"),
        ("PARTUUID=0f2a-01/PARTNROFF=x", "UnknownRoot"),
        ("PARTUUID=0f2a-01/PARTNROFF=--1", "UnknownRoot"),
        ("PARTUUID=0f2a-01/PARTNROFF=2147483648", "UnknownRoot"),
        ("PARTUUID=0f2a-01/1", "UnknownRoot"),
        ("PARTUUID=/PARTNROFF=1", "UnknownRoot"),
        ("PARTLABEL=my root", "PartLabel my root"),
        ("PARTLABEL=a=b", "PartLabel a=b"),
        ("partuuid=1", "UnknownRoot"),
        ("ID=1", "UnknownRoot"),
        ("/dev/disk/by-uuid/1-2", "Uuid 1-2"),
        ("/dev/disk/by-label/my\\x20root", "Label my\\\\x20root"),
        ("/dev/disk/by-partuuid/0f2a-01", "PartUuid 0f2a-01"),
        ("/dev/disk/by-partlabel/a\\x2fb", "PartLabel a\\\\x2fb"),
        ("/dev/disk/by-path/pci-0000", "UdevRoot"),
        ("/dev/disk/by-id/ata-x", "UdevRoot"),
        ("/dev/disk/by-uuid", "UdevRoot"),
        ("/dev/disk/by-uuid/", "UdevRoot"),
        ("/dev/disk/by_uuid/1", "UdevRoot"),
        ("/dev/disk/UUID/1", "UdevRoot"),
        ("/dev/disk", "UdevRoot"),
        ("/dev/disk/", "UdevRoot"),
    ];
    for (root, expected) in rows {
        assert_eq!(parse(root, "ext4"), expected, "{root}");
    }
}

#[test]
fn sources() {
    let rows = [
        ("mtd0", "", "Source mtd0"),
        ("mtd:rootfs", "jffs2", "Source mtd:rootfs"),
        ("ubi0:root", "ubifs", "Source ubi0:root"),
        ("host:/share", "9p", "Source host:/share"),
        ("rootfs", "virtiofs,9p", "Source rootfs"),
        ("UUID=x", "virtiofs", "Source UUID=x"),
        ("rootfs", "ext4,virtiofs", "UnknownRoot"),
        ("/dev/vda", "virtiofs", "Name vda"),
        ("/dev/disk/by-uuid/1", "9p", "Uuid 1"),
        ("rootfs", "", "UnknownRoot"),
    ];
    for (root, fstypes, expected) in rows {
        assert_eq!(parse(root, fstypes), expected, "{root} {fstypes}");
    }
}

#[test]
fn lists() {
    let rows: [(&str, &[&str]); 7] = [
        ("", &[]),
        ("UUID=1", &["UUID=1"]),
        ("UUID=1,/dev/vda,LABEL=a", &["UUID=1", "/dev/vda", "LABEL=a"]),
        ("LABEL=a,b,LABEL=c", &["LABEL=a,b", "LABEL=c"]),
        ("LABEL=a,b=c,PARTLABEL=,x,PARTUUID=1", &["LABEL=a,b=c", "PARTLABEL=,x", "PARTUUID=1"]),
        ("LABEL=a,,/dev/vda,", &["LABEL=a,", "/dev/vda,"]),
        ("/dev/vda,8:1", &["/dev/vda,8:1"]),
    ];
    for (list, expected) in rows {
        let mut rest = list.as_bytes();
        let mut parts = Vec::new();
        while !rest.is_empty() {
            parts.push(take_first(&mut rest).escape_ascii().to_string());
        }
        assert_eq!(parts, expected, "{list}");
    }
}

#[test]
fn what_matches() {
    let rows = [
        ("root", "root", false, true),
        ("Root", "root", false, false),
        ("Root", "root", true, true),
        ("root", "roo", false, false),
        ("roo", "root", false, false),
        ("my\\x20root", "my root", false, true),
        ("my root ", "my root", false, true),
        ("a\\x2Fb", "a/b", false, true),
        ("a\\x2", "a\\x2", false, true),
        ("a\\xg0", "a\\xg0", false, true),
        ("a\\x5cx20", "a\\x20", false, true),
        ("", "", false, true),
    ];
    for (wanted, text, any_case, expected) in rows {
        let by = if any_case { By::Uuid } else { By::Label };
        let mut found = Text::new();
        found.push(text.as_bytes());
        assert_eq!(Spec::new(by, wanted.as_bytes()).matches(&found), expected, "{wanted} {text}");
    }
}

#[test]
fn contents_and_partitions() {
    let mut identity = Identity::new();
    identity.uuid.push(b"0F2A-01");
    identity.label.push(b"Root");
    let spec = |by, text: &'static str| Spec::new(by, text.as_bytes());
    assert!(!spec(By::Label, "Root").is_content(&identity), "nothing that can be mounted");
    identity.kind = crate::identity::Type::Ext4;
    assert!(spec(By::Label, "Root").is_content(&identity) && !spec(By::Label, "root").is_content(&identity));
    assert!(spec(By::Uuid, "0f2a-01").is_content(&identity) && !spec(By::Name, "Root").is_content(&identity));
    let mut partition = Partition::new();
    partition.uuid.push(b"0f2a-01");
    partition.label.push(b"Root");
    assert!(spec(By::PartUuid, "0F2A-01").is_partition(&partition));
    assert!(spec(By::PartLabel, "Root").is_partition(&partition));
    assert!(!spec(By::PartLabel, "root").is_partition(&partition));
    assert!(!spec(By::Label, "Root").is_partition(&partition) && !spec(By::Type, "").is_partition(&partition));
    partition.kind = ROOT_TYPE;
    assert!(spec(By::Type, "").is_partition(&partition));
    partition.flags = NO_AUTO;
    assert!(!spec(By::Type, "").is_partition(&partition));
}
