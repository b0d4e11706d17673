/// Where the apps' `/etc/resolv.conf` comes from.
package enum ResolvConfMode: String, Sendable {
    /// What the pod's networks say; without that the image's own.
    case standard = "default"
    /// The host's.
    case host
    /// The image's own, whatever the networks say.
    case none
    /// What stage0 wrote to ``Stage1ABI/Path/resolvConf``.
    case stage0
}

/// Where the apps' `/etc/hosts` comes from.
package enum HostsMode: String, Sendable {
    /// The image's own; one of stage1's where it has none.
    case standard = "default"
    /// The host's.
    case host
    /// What stage0 wrote to ``Stage1ABI/Path/hosts``.
    case stage0
}

/// How the apps get the files that names are looked up with: the value of `--dns-conf-mode`.
///
/// Source: rkt 1.30.0, Documentation/devel/stage1-implementors-guide.md.
package struct NameFileModes: Equatable, Sendable {
    package var resolvConf = ResolvConfMode.standard
    package var hosts = HostsMode.standard

    package init() {}

    /// Reads `resolv=MODE,hosts=MODE`; a part that is missing is `default`.
    package init(parsing text: String) throws(EntryPointArgumentError) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch (words.first, words.count) {
            case ("resolv", 2):
                guard let mode = ResolvConfMode(rawValue: words[1]) else { throw Self.invalid(text) }
                resolvConf = mode
            case ("hosts", 2):
                guard let mode = HostsMode(rawValue: words[1]) else { throw Self.invalid(text) }
                hosts = mode
            default: throw Self.invalid(text)
            }
        }
    }

    private static func invalid(_ text: String) -> EntryPointArgumentError {
        .invalidValue(text, flag: "--dns-conf-mode")
    }
}

extension NameFileModes: CustomStringConvertible {
    package var description: String { "resolv=\(resolvConf.rawValue),hosts=\(hosts.rawValue)" }
}
