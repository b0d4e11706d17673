package import AppContainer
package import LinuxSystem

/// A setting of the kernel that a pod has for itself.
package struct Sysctl: Equatable, Sendable {
    /// Below `/proc/sys`, such as `kernel/shmmax`.
    package let path: String
    package let value: String

    /// With dots, as it is usually written.
    package var key: String {
        String(path.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }

    /// The namespace that keeps it apart from the host's.
    package var namespace: Namespaces { path.hasPrefix("net/") ? .network : .ipc }
}

/// Far more than any setting of the kernel takes.
private let longestValue = 1024

/// The settings that an app asks for; later isolators count more than earlier ones.
///
/// - Throws: `Failure` for one that is the whole machine's, or no name of a setting.
///
/// Source: sysctl(8); ipc_namespaces(7), network_namespaces(7).
package func sysctls(of app: App) throws -> [Sysctl] {
    var result: [Sysctl] = []
    for isolator in app.isolators {
        guard case .sysctl(let settings) = isolator else { continue }
        for (key, value) in settings.entries {
            let path = try sysctlPath(key)
            guard value.utf8.count <= longestValue, !value.utf8.contains(where: { $0 < 32 && $0 != 9 }) else {
                throw Failure("sysctl '\(key)' has a value that is too long, or more than one line")
            }
            result.removeAll { $0.path == path }
            result.append(Sysctl(path: path, value: value))
        }
    }
    return result
}

/// Refuses settings that two apps of a pod want differently, and those of a namespace that is not the pod's own.
package func checkSysctls(_ plans: [AppPlan], namespaces: Namespaces) throws {
    var owners: [String: (app: ACName, value: String)] = [:]
    for plan in plans {
        for sysctl in plan.sysctls {
            guard namespaces.contains(sysctl.namespace) else {
                throw Failure(
                    "app '\(plan.name)' asks for sysctl '\(sysctl.key)', which is the host's in this pod; "
                        + (sysctl.namespace == .network ? "run it without --net=host" : "run it without --ipc=parent"))
            }
            if let other = owners[sysctl.path], other.value != sysctl.value {
                throw Failure(
                    "apps '\(other.app)' and '\(plan.name)' of the pod ask for different values of sysctl "
                        + "'\(sysctl.key)': '\(other.value)' and '\(sysctl.value)'")
            }
            owners[sysctl.path] = (plan.name, sysctl.value)
        }
    }
}

/// A key has dots between its words; a dot within a word, as of a network device, is written as a slash.
private func sysctlPath(_ key: String) throws -> String {
    let words = key.split(separator: ".", omittingEmptySubsequences: false).map { word in
        String(word.map { $0 == "/" ? "." : $0 })
    }
    let isName =
        words.count > 1
        && words.allSatisfy { word in
            !word.isEmpty && word != "." && word != ".." && word.utf8.count < 256
                && word.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                        true
                    default: false
                    }
                }
        }
    guard isName else { throw Failure("'\(printable(key))' is no sysctl such as kernel.shmmax") }
    let isOfNamespace =
        key == "kernel.sem" || ["kernel.msg", "kernel.shm", "fs.mqueue.", "net."].contains(where: key.hasPrefix)
    guard isOfNamespace else {
        throw Failure(
            "sysctl '\(key)' is one of the whole machine; a pod has for itself kernel.msg*, kernel.sem, kernel.shm*, "
                + "fs.mqueue.* and net.*")
    }
    return words.joined(separator: "/")
}

/// A text of an image in a sentence, without what could upset a terminal.
private func printable(_ text: String) -> String {
    String(text.prefix(80).map { $0.isASCII && ($0.isLetter || $0.isNumber || "_/.-".contains($0)) ? $0 : "?" })
}
