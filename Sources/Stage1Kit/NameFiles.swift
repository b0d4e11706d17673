package import AppContainer
import LinuxSystem
package import Stage1Interface
import SystemPackage

/// A hosts file that blocks half the net has 10 MB.
package let maximumNameFileBytes = 16 << 20

/// Leaves the files that names are looked up with in stage1's `etc`, for every app of the pod to get a copy of.
///
/// Of the host's files apps get copies as well: nothing that an app does, whatever its rights, changes them. `hostname` is
/// added to a hosts file that stage0 wrote; flavors whose apps have the host's name leave it out.
package func collectNameFiles(_ modes: NameFileModes, hostname: String?) throws {
    if modes.resolvConf == .host { try copyOfHost("/etc/resolv.conf", to: Stage1ABI.Path.resolvConf) }
    switch modes.hosts {
    case .standard: break
    case .host: try copyOfHost("/etc/hosts", to: Stage1ABI.Path.hosts)
    case .stage0:
        guard let hostname else { break }
        let text = hostsFile(try readTextFile(Stage1ABI.Path.hosts, limit: maximumNameFileBytes), naming: hostname)
        try writeFile(Array(text.utf8), to: Stage1ABI.Path.hosts, mode: 0o644, durable: false)
    }
}

private func copyOfHost(_ path: FilePath, to copy: FilePath) throws {
    try explaining("cannot give the apps the host's '\(path)'") {
        let content = try readFile(path, limit: maximumNameFileBytes)
        try makeDirectories(copy.removingLastComponent(), mode: 0o755)
        try writeFile(content, to: copy, mode: 0o644, durable: false)
    }
}

/// A hosts file in which the loopback address has one more name.
package func hostsFile(_ text: String, naming hostname: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let address = lines.firstIndex { $0.hasPrefix("127.0.0.1 ") || $0.hasPrefix("127.0.0.1\t") }
    if let address {
        lines[address] += " \(hostname)"
    } else {
        lines.insert("127.0.0.1 \(hostname)", at: 0)
    }
    return lines.joined(separator: "\n")
}

/// Writes down who the pod's machine is: `hostname` and `machine-id` in stage1's `etc`.
///
/// Source: rkt 1.30.0, stage1/init/init.go: the machine is the pod, without dashes.
package func recordMachine(_ pod: PodID, hostname: String) throws {
    let directory = Stage1ABI.Path.hostname.removingLastComponent()
    try makeDirectories(directory, mode: 0o755)
    try writeFile(Array("\(hostname)\n".utf8), to: Stage1ABI.Path.hostname, mode: 0o644, durable: false)
    let id = "\(pod)".filter { $0 != "-" }
    try writeFile(Array("\(id)\n".utf8), to: Stage1ABI.Path.machineID, mode: 0o444, durable: false)
}
