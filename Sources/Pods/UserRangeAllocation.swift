import AppContainer
package import LinuxSystem
import SystemPackage

/// Blocks of 65536 users and groups, one of which a pod with users of its own gets.
///
/// Block 0 has the host's own users. The highest that is given away ends below 2147483648, because programs exist that
/// keep such numbers with a sign.
///
/// Source: rkt 1.30.0, pkg/user/uidshift.go.
enum UserBlock {
    static let size: UInt32 = 65536
    static let all: ClosedRange<UInt32> = 1...0x7fff

    static func range(_ block: UInt32) -> UserRange { UserRange(shift: block * size, count: size) }

    /// The blocks that a range of numbers touches; an empty one touches none.
    static func touched(from first: UInt64, count: UInt64) -> ClosedRange<UInt32>? {
        guard count > 0, first <= UInt64(UInt32.max) else { return nil }
        let (last, isTooLarge) = first.addingReportingOverflow(count - 1)
        let end = isTooLarge ? UInt32.max : UInt32(clamping: last)
        return UInt32(first) / size...end / size
    }

    /// The first block from `start` on that is not taken, going round; `nil` when there is none.
    static func free(from start: UInt32, taken: Set<UInt32>) -> UInt32? {
        let count = UInt32(all.count)
        return (0..<count).lazy.map { all.lowerBound + (start % count + $0) % count }.first { !taken.contains($0) }
    }
}

/// Users and groups of the host that no pod may get, although their numbers are high.
package struct HostUsers: Sendable {
    let blocks: Set<UInt32>

    /// Whatever has a number in `/etc/passwd` and `/etc/group`, and what `/etc/subuid` and `/etc/subgid` give to users.
    ///
    /// Lines that make no sense are left out, as the programs do that these files are for.
    ///
    /// Source: passwd(5), group(5), subuid(5).
    package init(passwd: String = "", group: String = "", subordinate: [String] = []) {
        var blocks: Set<UInt32> = []
        for line in (passwd + "\n" + group).split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count >= 3, let number = UInt32(fields[2]) { blocks.insert(number / UserBlock.size) }
        }
        for line in subordinate.flatMap({ $0.split(separator: "\n") }) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt64(fields[1]), let count = UInt64(fields[2]) else { continue }
            if let touched = UserBlock.touched(from: first, count: count) { blocks.formUnion(touched) }
        }
        self.blocks = blocks
    }

    /// Those of this host; a file that is not there says nothing.
    package static func ofThisHost() -> HostUsers {
        func text(_ path: FilePath) -> String { (try? readTextFile(path, limit: 16 << 20)) ?? "" }  // it may be missing
        return HostUsers(
            passwd: text("/etc/passwd"), group: text("/etc/group"),
            subordinate: [text("/etc/subuid"), text("/etc/subgid")])
    }
}

/// Every number that could be a pod's is taken.
package struct NoFreeUsers: Error, Equatable, CustomStringConvertible {
    package let description = "no range of 65536 users is free: clear pods that have ended with 'rkt gc'"
}

extension PodStore {
    /// Gives a pod a range of users that no other pod of this data directory and no user of the host has.
    ///
    /// It is the pod's until its directory is deleted: written to `private-users-prepared` under the lock
    /// `locks/private-users`. `start` says where to look first; left alone it is random, so that two data directories
    /// hardly ever meet. Throws ``NoFreeUsers``.
    package func reserveUsers(
        for pod: Pod, host: HostUsers = .ofThisHost(), start: UInt32? = nil
    ) throws -> UserRange {
        let lock = try FileLock(dataDirectory.appending("locks/private-users"), .exclusive)
        defer { withExtendedLifetime(lock) {} }
        var taken = host.blocks
        for range in try reservedUsers() {
            if let touched = UserBlock.touched(from: UInt64(range.shift), count: UInt64(range.count)) {
                taken.formUnion(touched)
            }
        }
        let first = try start ?? randomBytes(4).reduce(0) { $0 << 8 | UInt32($1) }
        guard let block = UserBlock.free(from: first, taken: taken) else { throw NoFreeUsers() }
        let range = UserBlock.range(block)
        try pod.descriptor.writeFile(
            Array("\(range)".utf8), name: PodFile.privateUsers, mode: 0o640, durable: false)
        return range
    }

    /// The ranges of all pods, in whatever state.
    ///
    /// Directories are read in the order of a pod's life: one that moves meanwhile is met where it goes.
    private func reservedUsers() throws -> [UserRange] {
        var ranges: [UserRange] = []
        for directory in PodDirectory.allCases {
            for name in try listDirectory(path(of: directory)) {
                let file = path(of: directory).appending(name).appending(PodFile.privateUsers)
                guard let text = try contentIfThere(file) else { continue }
                ranges.append(
                    try explaining("cannot tell which users pod \"\(name)\" has, because of '\(file)'") {
                        try UserRange(parsing: text)
                    })
            }
        }
        return ranges
    }

    private func contentIfThere(_ file: FilePath) throws(SystemCallError) -> String? {
        do {
            return try readTextFile(file, limit: 64)
        } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
            return nil
        }
    }
}

extension Pod {
    /// The range of users that the pod was prepared with; `nil` when it has those of the host.
    package func users() throws -> UserRange? {
        guard let bytes = try read(PodFile.privateUsers, limit: 64) else { return nil }
        return try explaining("cannot read '\(PodFile.privateUsers)' of pod \"\(id)\"") {
            try UserRange(parsing: String(decoding: bytes, as: UTF8.self))
        }
    }
}
