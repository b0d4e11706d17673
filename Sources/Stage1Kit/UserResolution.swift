import AppContainer
package import LinuxSystem
import SystemPackage

/// The numbers an app runs as.
package struct AppIdentity: Equatable, Sendable {
    package let user: UInt32
    package let group: UInt32
    package let supplementaryGroups: [UInt32]

    /// Refuses numbers that a user namespace does not have.
    package func check(isIn users: UserRange) throws(Failure) {
        for (kind, number) in [("user", user), ("group", group)] + supplementaryGroups.map({ ("group", $0) })
        where number >= users.count {
            throw Failure("\(kind) \(number) is not in the pod's user namespace, which has 0 to \(users.count - 1)")
        }
    }
}

/// What the app's files know about users and groups.
///
/// Asked only when a name or a path has to be looked up; images decide what is in these files, so both are bounded.
package protocol UserSource: ~Copyable {
    /// The content of `/etc/passwd` or `/etc/group` in the app's root.
    func database(_ path: String) throws -> String
    /// User and group that own a path in the app's root.
    func owner(of path: String) throws -> (user: UInt32, group: UInt32)
}

/// Resolves user and group of an app: a number, the owner of a path, or a name known in the app's root.
///
/// A number is digits without sign, space or leading zero, and not 4294967295, which the kernel takes for "none". What
/// is no such number is a name: nothing that merely resembles a number becomes root.
///
/// Source: rkt 1.30.0, stage1/init/common/app.go and users.go; appc spec 0.8.11, aci.md, "user" and "group".
package func resolveIdentity(of app: PreparedApp, in source: borrowing some UserSource & ~Copyable) throws
    -> AppIdentity
{
    let user = try resolve(app.app.user, database: "/etc/passwd", kind: "user", in: source) { $0.user }
    let group: UInt32
    do {
        group = try resolve(app.app.group, database: "/etc/group", kind: "group", in: source) { $0.group }
    } catch UserResolutionError.notFound(_, kind: "group") where app.image.isConverted && app.app.user == app.app.group
    {
        group = user
    }
    return AppIdentity(user: user, group: group, supplementaryGroups: app.app.supplementaryGIDs)
}

private func resolve(
    _ text: String, database path: String, kind: String, in source: borrowing some UserSource & ~Copyable,
    ownerField: ((user: UInt32, group: UInt32)) -> UInt32
) throws -> UInt32 {
    if text == "root" { return 0 }
    if let number = exactNumber(text) { return number }
    if looksNumeric(text) { throw UserResolutionError.invalidNumber(text, kind: kind) }
    if text.hasPrefix("/") { return ownerField(try source.owner(of: text)) }
    for line in try source.database(path).split(separator: "\n") {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count >= 3, fields[0] == text else { continue }
        guard let number = exactNumber(String(fields[2])) else {
            throw UserResolutionError.invalidNumber(String(fields[2].prefix(40)), kind: kind)
        }
        return number
    }
    throw UserResolutionError.notFound(text, kind: kind)
}

func exactNumber(_ text: String) -> UInt32? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    guard text == "0" || !text.hasPrefix("0"), let number = UInt32(text), number != .max else { return nil }
    return number
}

/// Digits, possibly with a sign: meant as a number, and wrong as one.
func looksNumeric(_ text: String) -> Bool {
    let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    return !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
}

/// Why a user or group has no number.
package enum UserResolutionError: Error, Equatable, CustomStringConvertible {
    case notFound(String, kind: String)
    case invalidNumber(String, kind: String)

    package var description: String {
        switch self {
        case .notFound(let name, let kind): "\"\(name)\" \(kind) not found"
        case .invalidNumber(let text, let kind):
            "Invalid uid or gid: '\(text)' is no \(kind) number from 0 to 4294967294"
        }
    }
}

/// The files below an app's root, never outside it whatever the image's links say.
package struct AppFiles: UserSource, ~Copyable {
    private let root: Descriptor
    /// Whose numbers the files have, when they are not the host's.
    private let users: UserRange?

    package init(root: consuming Descriptor, users: UserRange? = nil) {
        self.root = root
        self.users = users
    }

    package func database(_ path: String) throws -> String {
        do {
            let file = try root.openBeneath(path, [.readOnly, .nonBlocking, .noControllingTerminal])
            guard try FileStatus(of: file).kind == .file else { throw Failure("'\(path)' in the app is not a file") }
            return String(decoding: try file.readAll(), as: UTF8.self)
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            return ""
        }
    }

    package func owner(of path: String) throws -> (user: UInt32, group: UInt32) {
        do {
            let status = try FileStatus(of: root.openBeneath(path, [.path, .noFollow]))
            guard let users else { return (status.user, status.group) }
            guard let user = users.inside(status.user), let group = users.inside(status.group) else {
                throw Failure("it belongs to nobody of the pod's user namespace")
            }
            return (user, group)
        } catch {
            throw Failure("cannot find '\(path)', whose owner the app is to run as", cause: error)
        }
    }
}
