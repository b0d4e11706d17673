package import AppContainer
import LinuxSystem

/// Which system calls an app may make; decided from its isolators.
package enum SeccompPolicy: Equatable, Sendable {
    /// Everything.
    case unfiltered
    /// What an app gets whose manifest says nothing: only ``AppContainer/DefaultSandbox/seccompWhitelist``, others end the
    /// process.
    case standard
    /// Only these, sorted; others end the process, or fail with `errno`.
    case allow([String], errno: String?)
    /// Everything but these, sorted.
    case deny([String], errno: String?)

    /// The policy as text, the same for the same policy: what a compiled filter is filed under.
    package var source: String {
        switch self {
        case .unfiltered: "unfiltered"
        case .standard: "standard"
        case .allow(let names, let errno): "allow \(errno ?? "kill") \(names.joined(separator: " "))"
        case .deny(let names, let errno): "deny \(errno ?? "kill") \(names.joined(separator: " "))"
        }
    }

    /// The names that ``standard`` allows, sorted.
    package static var standardNames: [String] { sortedUnique(DefaultSandbox.seccompWhitelist) }
}

/// The policy for an app: its one seccomp isolator, or the default whitelist.
///
/// Calls without which no program starts or ends are in every retain set. A retain set of `@appc.io/empty` allows only
/// those; the original filtered nothing then, and nothing with a remove set of `@appc.io/all`, which here is refused.
/// A name nobody knows is refused: it would take away what is needed, or leave what is dangerous.
///
/// Source: rkt 1.30.0, stage1/init/common/seccomp.go, seccomp_wildcards.go.
package func seccompPolicy(of app: App) throws -> SeccompPolicy {
    let policies: [SeccompPolicy] = try app.isolators.compactMap { isolator in
        switch isolator {
        case .seccompRetain(let set):
            guard let names = try expand(set.set) else { return .unfiltered }
            return .allow(sortedUnique(names + DefaultSandbox.alwaysAllowed), errno: set.errno)
        case .seccompRemove(let set):
            if set.set.contains("@appc.io/empty") { return .standard }
            guard let names = try expand(set.set) else {
                throw Failure("seccomp remove set '@appc.io/all' would leave no system call to start the app with")
            }
            return .deny(sortedUnique(names).filter { !neverRemoved.contains($0) }, errno: set.errno)
        default: return nil
        }
    }
    if policies.count > 1 { throw Failure("too many seccomp isolators specified") }
    return policies.first ?? .standard
}

/// The shim needs it after the filter is in place.
private let neverRemoved: Set = ["execve"]

/// The names with groups replaced by what they stand for; `nil` is every call there is.
///
/// A group nobody knows is an error: skipping it, as the original did, changes what a remove set protects from.
private func expand(_ entries: [String]) throws -> [String]? {
    let groups = entries.filter { $0.hasPrefix("@") && $0 != "@appc.io/all" }
    if let unknown = groups.first(where: { SystemCallGroup.named($0) == nil }) {
        throw Failure("unknown seccomp wildcard '\(unknown)'")
    }
    if let unknown = entries.first(where: { !$0.hasPrefix("@") && SystemCallName($0) == .unknown }) {
        throw Failure("unknown system call '\(unknown)' in a seccomp set")
    }
    switch SystemCallGroup.resolve(entries) {
    case .all: return nil
    case .names(let names): return Array(names)
    }
}

private func sortedUnique(_ names: [String]) -> [String] { Set(names).sorted() }
