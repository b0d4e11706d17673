package import LinuxSystem
import Stage1Interface
package import Stage2Interface

extension LaunchSpec {
    /// Makes the program another user's: root for `nil`, nobody else's for ``EnterArguments/appUser``, or the one with
    /// this name or number in the app's `/etc/passwd`.
    ///
    /// Only root and the app's own user have a group that the file need not know: a number that is not in it is its own
    /// group. Supplementary groups and ambient capabilities are those of the app's own user alone. Nothing becomes root
    /// but `root`, `0`, and a name to which the file gives the number 0. `users` are those of the pod when it has its own.
    package mutating func become(
        _ name: String?, among users: UserRange? = nil, in source: borrowing some UserSource & ~Copyable
    ) throws {
        if name == EnterArguments.appUser { return }
        let identity = try enteringIdentity(name ?? "root", in: source)
        if let users { try identity.check(isIn: users) }
        user = identity.user
        group = identity.group
        supplementaryGroups = []
        ambientCapabilities = 0
    }
}

private func enteringIdentity(
    _ name: String, in source: borrowing some UserSource & ~Copyable
) throws -> AppIdentity {
    if name == "root" { return AppIdentity(user: 0, group: 0, supplementaryGroups: []) }
    let number = exactNumber(name)
    if number == nil, looksNumeric(name) { throw UserResolutionError.invalidNumber(name, kind: "user") }
    for line in try source.database("/etc/passwd").split(separator: "\n") {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count >= 4, number.map({ fields[2] == "\($0)" }) ?? (fields[0] == name) else { continue }
        let numbers = fields[2...3].map { exactNumber(String($0)) }
        guard let user = numbers[0], let group = numbers[1] else {
            throw UserResolutionError.invalidNumber(
                String(fields[numbers[0] == nil ? 2 : 3].prefix(40)), kind: numbers[0] == nil ? "user" : "group")
        }
        return AppIdentity(user: user, group: group, supplementaryGroups: [])
    }
    guard let number else { throw UserResolutionError.notFound(name, kind: "user") }
    return AppIdentity(user: number, group: number, supplementaryGroups: [])
}
