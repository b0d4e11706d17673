import Glibc
import LinuxSystem
import SystemPackage

/// Who runs the fetch program.
package enum FetchUser: Equatable, Sendable {
    /// Ourselves, whoever we are.
    case caller
    /// The user that exists for this: we are root.
    case own(user: UInt32, group: UInt32)

    /// The name of that user in `/etc/passwd`.
    package static let name = "rkt-fetch"

    /// As the machine has it.
    ///
    /// `isRoot`: whether we can become somebody else.
    package init(isRoot: Bool, accounts: String) {
        let lines = isRoot ? accounts.split(separator: "\n") : []
        for line in lines {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 4, fields[0] == Self.name else { continue }
            guard let user = UInt32(fields[2]), let group = UInt32(fields[3]), user != 0, group != 0 else { continue }
            self = .own(user: user, group: group)
            return
        }
        self = .caller
    }
}

/// The only place that the fetch program writes to; what it leaves there is not trusted.
final class DownloadDirectory {
    let descriptor: Descriptor
    let user: FetchUser

    init(_ descriptor: consuming Descriptor, user: FetchUser) {
        self.descriptor = descriptor
        self.user = user
    }

    /// Opens a file that the program names in its answer.
    ///
    /// It must be a regular file and its user's: no link, neither soft nor hard, leads us to what only we can read.
    func open(_ name: String) throws -> Descriptor {
        guard Self.isPlainName(name) else { throw FetchProgramError.badFileName(name) }
        do {
            let file = try descriptor.openBeneath(name, [.noFollow, .nonBlocking], confinement: .beneath)
            let status = try FileStatus(of: file)
            guard status.kind == .file, status.user == owner else {
                throw FetchProgramError.noDownload(name)
            }
            return file
        } catch let error as SystemCallError {
            guard [.noSuchFileOrDirectory, .tooManySymbolicLinkLevels].contains(error.errno) else { throw error }
            throw FetchProgramError.noDownload(name)
        }
    }

    /// Removes a file that is not needed any more.
    func remove(_ name: String) {
        guard Self.isPlainName(name) else { return }
        try? descriptor.removeFile(name)  // what stays is collected with the store's other temporary files
    }

    private var owner: UInt32 {
        switch user {
        case .caller: geteuid()
        case .own(let user, _): user
        }
    }

    static func isPlainName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
}
