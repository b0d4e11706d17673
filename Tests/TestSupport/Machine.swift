package import SystemPackage
import Testing

/// A virtual machine: Debian's own kernel, systemd, cgroups of version 2 alone, all capabilities.
///
/// QEMU runs it in software, so it needs nothing of the host but its program. Its disk is made once and kept; what a
/// test wants in it is a second disk, mounted at `/payload`.
package enum Machine {
    package static let program = "qemu-system-x86_64"

    /// What is done first; its own cgroup has no limits, but other processes.
    private static let unit = """
        [Unit]
        After=basic.target
        [Service]
        Type=oneshot
        TasksMax=infinity
        TimeoutStartSec=infinity
        ExecStartPre=/bin/mount /dev/vdb /payload
        ExecStart=/bin/sh /payload/run.sh
        ExecStopPost=/bin/systemctl poweroff -ff
        StandardOutput=tty
        StandardError=tty
        TTYPath=/dev/ttyS1
        """

    /// Boots, runs `run.sh` of `payload`, and powers off; what the script prints.
    package static func run(payload: FilePath, limit: Duration = .seconds(900)) throws -> String {
        let base = try base()
        let work = try TemporaryDirectory("machine")
        let disk = work.path.appending("payload.img")
        var format = Command(
            try Programs.find("mke2fs"), ["-q", "-F", "-t", "ext4", "-d", payload.string, disk.string, "400M"])
        format.timeLimit = .seconds(300)
        try format.run().succeeded()
        let console = work.path.appending("console")
        var machine = Command(
            try Programs.find(program),
            [
                "-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024", "-display", "none", "-no-reboot", "-monitor",
                "none", "-nic", "none", "-kernel", "\(base)/vmlinuz", "-initrd", "\(base)/initrd.img", "-drive",
                "file=\(base)/root.img,if=virtio,format=raw,snapshot=on", "-drive",
                "file=\(disk),if=virtio,format=raw", "-append",
                "console=ttyS0 root=/dev/vda rw panic=-1 quiet", "-serial", "file:\(console)", "-serial", "stdio",
            ])
        machine.environment = Command.quiet + ["TMPDIR=\(work.path)"]
        machine.timeLimit = limit
        let result = try machine.run()
        guard result.status == 0 else {
            throw Trouble("\(result)\n--- console\n\((try? readText(console)) ?? "")")  // nothing was printed
        }
        return String(result.output.unicodeScalars.filter { $0 != "\r" })
    }

    /// The kernel, its first file system and the disk; made once.
    private static func base() throws -> FilePath {
        let place = Programs.cacheDirectory.appending("machine-1")
        if exists(place) { return place }
        try makeDirectories(Programs.cacheDirectory)
        let work = try TemporaryDirectory("machine")
        let root = work.path.appending("rootfs")
        var bootstrap = Command(
            try Programs.find("unshare"),
            [
                // It mounts into the tree while it works.
                "--mount", "--propagation", "private", try Programs.find("mmdebstrap").string, "--variant=apt",
                "--mode=root", "--include=systemd,systemd-sysv,dbus,kmod,zstd,linux-image-cloud-amd64",
                "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*", "bookworm",
                root.string,
            ])
        bootstrap.environment = Command.environmentWithProxies
        bootstrap.timeLimit = .seconds(900)
        try bootstrap.run().succeeded()
        try writeText(unit, to: root.appending("etc/systemd/system/payload.service"))
        let partial = Programs.cacheDirectory.appending("partial-\(work.path.lastComponent?.string ?? "")")
        try shell(
            """
            cd "$1"; mkdir -p payload etc/systemd/system/multi-user.target.wants
            ln -s ../payload.service etc/systemd/system/multi-user.target.wants/
            for unit in serial-getty@ttyS0 serial-getty@ttyS1 getty@tty1 systemd-networkd-wait-online; do
                ln -s /dev/null etc/systemd/system/$unit.service; done
            for timer in apt-daily apt-daily-upgrade dpkg-db-backup fstrim e2scrub_all; do
                ln -sf /dev/null etc/systemd/system/$timer.timer; done
            mkdir "$2"; mv boot/vmlinuz-* "$2/vmlinuz"; mv boot/initrd.img-* "$2/initrd.img"
            rm -rf var/cache/apt var/lib/apt/lists
            mke2fs -q -F -t ext4 -d . "$2/root.img" 1500M
            mv "$2" "$3"
            """, [root.string, partial.string, place.string], limit: .seconds(300))
        return place
    }
}
