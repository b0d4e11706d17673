import Glibc
import SystemPackage
import Testing

/// A host of its own whose first process is systemd, for one test: a container of systemd-nspawn that sees the programs
/// under test and the fixture's directory at their own places.
///
/// The controllers of version 1 are read-only there, as in most containers.
package final class SystemdHost {
    private let process: RunningCommand
    private let leader: Int32
    private let nsenter: FilePath

    /// Boots it, and waits until it has.
    package init(for rkt: RktFixture) throws {
        let prefix = rkt.program.removingLastComponent().removingLastComponent()
        let script = """
            mount -t tmpfs tmpfs /run
            exec "$@"
            """
        var command = Command(
            try Programs.find("unshare"),
            [
                "--mount", "--propagation", "private", "/bin/sh", "-euc", script, "sh",
                try Programs.find("systemd-nspawn").string, "--quiet", "--register=no", "--keep-unit",
                "--directory=\(try Self.tree())", "--machine=host-\(getpid())", "--volatile=overlay",
                "--capability=all", "--bind=\(rkt.directory)", "--bind=\(rkt.dataDirectory)",
                "--bind-ro=\(rkt.program)", "--bind-ro=\(prefix.appending("lib/rkt"))", "--boot",
            ])
        command.timeLimit = .seconds(600)
        let process = try command.start()
        self.process = process
        nsenter = try Programs.find("nsenter")
        var leader: Int32 = 0
        rkt.atEnd {
            // Its first process takes all others along, and then systemd-nspawn ends.
            if leader > 0 { kill(leader, SIGKILL) }
            process.wait(.seconds(600))
        }
        try waitUntil("systemd's process", .seconds(60)) {
            let children = try readText(FilePath("/proc/\(process.pid)/task/\(process.pid)/children"))
            leader = children.split(separator: " ").compactMap { Int32($0) }.first { Self.isFirst($0) } ?? 0
            return leader > 0
        }
        self.leader = leader
        var state = ""
        try waitUntil("the host to be up", .seconds(120)) {
            state = try self("systemctl", "is-system-running").text
            return state == "running" || state == "degraded"
        }
    }

    /// Runs a program in the host.
    @discardableResult
    package func callAsFunction(_ words: String..., limit: Duration = .seconds(60)) throws -> CommandResult {
        try run(words, limit: limit)
    }

    @discardableResult
    package func run(_ words: [String], limit: Duration = .seconds(60)) throws -> CommandResult {
        var command = Command(
            nsenter, ["--target=\(leader)", "--mount", "--pid", "--uts", "--ipc", "--net", "--"] + words)
        command.timeLimit = limit
        return try command.run()
    }

    /// Whether a process is the first one of its pid namespace; the one that makes the namespace is not.
    private static func isFirst(_ pid: Int32) -> Bool {
        let status = (try? readText(FilePath("/proc/\(pid)/status"))) ?? ""  // gone
        let line = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") } ?? ""
        return line.split(separator: "\t").dropFirst(2).last == "1"
    }

    /// Its root file system, made once and kept between runs.
    private static func tree() throws -> FilePath {
        let tree = Programs.cacheDirectory.appending("systemd-1")
        if exists(tree) { return tree }
        try makeDirectories(Programs.cacheDirectory)
        let partial = FilePath("\(tree).partial-\(getpid())")
        var bootstrap = Command(
            try Programs.find("unshare"),
            [
                // It mounts into the tree while it works.
                "--mount", "--propagation", "private", try Programs.find("mmdebstrap").string, "--variant=minbase",
                "--mode=root", "--include=systemd,systemd-sysv,dbus", "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "bookworm",
                partial.string,
            ])
        bootstrap.environment = Command.environmentWithProxies
        bootstrap.timeLimit = .seconds(900)
        try bootstrap.run().succeeded()
        try shell("mv \"$1\" \"$2\"", [partial.string, tree.string])
        return tree
    }
}
