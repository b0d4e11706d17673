package import AppContainer

/// Restrictions that the person who runs a pod has lifted.
package struct LiftedRestrictions: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let capabilities = LiftedRestrictions(rawValue: 1)
    package static let paths = LiftedRestrictions(rawValue: 2)
    package static let seccomp = LiftedRestrictions(rawValue: 4)
    package static let all: LiftedRestrictions = [.capabilities, .paths, .seccomp]
}

/// What stage0 tells the `run` entry point.
///
/// Each argument has the interface version that brought it: an older image never sees it, and where it matters to the
/// person who asked, ``unsupported(byInterface:)`` says so.
///
/// Source: rkt 1.30.0, stage0/run.go; Documentation/devel/stage1-implementors-guide.md.
package struct RunArguments: Equatable, Sendable {
    package var debug = false
    /// The networks as on the command line of `rkt`, joined with commas.
    package var networks = "default"
    package var isInteractive = false
    /// `SHIFT:COUNT`.
    package var privateUsers: String?
    package var metadataToken: String?
    package var localConfiguration: String?
    package var hostname: String?
    package var lifted: LiftedRestrictions = []
    package var nameFiles = NameFileModes()
    package var isMutable = false
    package var ipc: String?
    package var pod: PodID

    package init(pod: PodID) { self.pod = pod }

    /// The words after the program's own name, for an image that speaks this version.
    package func words(forInterface version: Int) -> [String] {
        var words: [String] = []
        if debug { words.append("--debug") }
        words.append("--net=\(networks)")
        if isInteractive { words.append("--interactive") }
        if let privateUsers { words.append("--private-users=\(privateUsers)") }
        if let metadataToken { words.append("--mds-token=\(metadataToken)") }
        if let localConfiguration { words.append("--local-config=\(localConfiguration)") }
        if version >= 2, let hostname { words.append("--hostname=\(hostname)") }
        if version >= 3 {
            if lifted.contains(.capabilities) { words.append("--disable-capabilities-restriction") }
            if lifted.contains(.paths) { words.append("--disable-paths") }
            if lifted.contains(.seccomp) { words.append("--disable-seccomp") }
        }
        if version >= 4, nameFiles != NameFileModes() { words.append("--dns-conf-mode=\(nameFiles)") }
        if version >= 5, isMutable { words.append("--mutable") }
        if version >= 6, let ipc { words.append("--ipc=\(ipc)") }
        words.append(pod.description)
        return words
    }

    /// One sentence for each option that an image of this version would not see.
    package func unsupported(byInterface version: Int) -> [String] {
        var sentences: [String] = []
        if version < 2, hostname != nil { sentences.append("--hostname option is not supported by stage1") }
        if version < 4, nameFiles != NameFileModes() {
            sentences.append("--dns-conf-mode option not supported by stage1")
        }
        if version < 6, ipc != nil { sentences.append("--ipc option is not supported by stage1") }
        return sentences
    }

    /// Reads the words after the program's own name.
    package init(parsing words: [String]) throws(EntryPointArgumentError) {
        var scanner = FlagScanner(words)
        var found = RunArguments.Flags()
        while let (name, value) = scanner.next() { try found.take(name, value, &scanner) }
        let rest = scanner.rest
        guard rest.count == 1, let pod = try? PodID(parsing: rest[0]) else {  // which rule it broke helps nobody
            throw .invalidPodID(rest.joined(separator: " "))
        }
        self.init(pod: pod)
        debug = found.debug
        networks = found.networks
        isInteractive = found.isInteractive
        privateUsers = found.texts["private-users"]
        metadataToken = found.texts["mds-token"]
        localConfiguration = found.texts["local-config"]
        if let name = found.texts["hostname"], !name.isEmpty {
            guard isHostname(name) else { throw .invalidValue(name, flag: "--hostname") }
            hostname = name
        }
        lifted = found.lifted
        if let modes = found.texts["dns-conf-mode"] { nameFiles = try NameFileModes(parsing: modes) }
        isMutable = found.isMutable
        ipc = found.texts["ipc"]
    }

    private struct Flags {
        var debug = false
        var networks = "default"
        var isInteractive = false
        var isMutable = false
        var lifted: LiftedRestrictions = []
        var texts: [String: String] = [:]

        mutating func take(
            _ name: String, _ value: String?, _ scanner: inout FlagScanner
        ) throws(EntryPointArgumentError) {
            switch name {
            case "debug": debug = try FlagScanner.isSet(value, name)
            case "interactive": isInteractive = try FlagScanner.isSet(value, name)
            case "mutable": isMutable = try FlagScanner.isSet(value, name)
            case "net": networks = value ?? "default"
            case "disable-capabilities-restriction": try lift(.capabilities, name, value)
            case "disable-paths": try lift(.paths, name, value)
            case "disable-seccomp": try lift(.seccomp, name, value)
            case "private-users", "mds-token", "local-config", "hostname", "dns-conf-mode", "ipc":
                texts[name] = try scanner.value(value, of: name)
            default: throw .unknownFlag("--\(name)")
            }
        }

        private mutating func lift(
            _ restriction: LiftedRestrictions, _ name: String, _ value: String?
        ) throws(EntryPointArgumentError) {
            if try FlagScanner.isSet(value, name) { lifted.insert(restriction) } else { lifted.remove(restriction) }
        }
    }
}
