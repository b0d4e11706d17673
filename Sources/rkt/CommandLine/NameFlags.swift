import AppContainer
import LinuxSystem
import Stage0
import Stage1Interface

/// What the flags say about the files that names are looked up with, as it was written.
struct NameOptions: Sendable {
    var servers: [String] = []
    var searchDomains: [String] = []
    var resolverOptions: [String] = []
    var domain: String?
    var hostsEntries: [String] = []
}

/// The flags of `run` and `run-prepared` for host names and the files that they are looked up with.
func nameFlags() -> [Flag] {
    [
        .value("hostname", "pod's hostname. If empty, it will be \"rkt-$PODUUID\"") { options, text in
            guard text.isEmpty || isHostname(text) else {
                throw GoValueError(
                    description: "a hostname has 1 to 64 letters, digits, dots, dashes and underscores")
            }
            options.hostname = text.isEmpty ? nil : text
        },
        .value(
            "dns",
            "name servers to write in /etc/resolv.conf. Pass 'host' to use the host's file, 'none' to leave the image's"
        ) { options, text in
            options.names.servers += text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        },
        .value("dns-search", "DNS search domains to write in /etc/resolv.conf") {
            $0.names.searchDomains.append(try resolverWord($1))
        },
        .value("dns-opt", "DNS options to write in /etc/resolv.conf") {
            $0.names.resolverOptions.append(try resolverWord($1))
        },
        .value("dns-domain", "DNS domain to write in /etc/resolv.conf") { $0.names.domain = try resolverWord($1) },
        .value(
            "hosts-entry",
            "entries to add to /etc/hosts in the form IP=NAME[,IP=NAME...]. Pass 'host' to use the host's file"
        ) { options, text in
            options.names.hostsEntries += text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        },
        .value("ipc", "IPC namespace of the pod: 'auto', 'private' or 'parent'") {
            $0.ipc = $1.isEmpty ? nil : $1
        },
    ]
}

/// A word that stays one in a file of words.
private func resolverWord(_ text: String) throws(GoValueError) -> String {
    guard isWord(text) else { throw GoValueError(description: "\(quoted(text)) is not one word") }
    return text
}

private func isWord(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 != 127 } }

extension NameOptions {
    /// What the flags mean together.
    ///
    /// Source: rkt 1.30.0, rkt/dns_config.go.
    func nameFiles() throws(Failure) -> NameFiles {
        var files = NameFiles()
        files.resolvConf = try resolvConf()
        files.hosts = try hosts()
        return files
    }

    private func resolvConf() throws(Failure) -> NameFiles.ResolvConf {
        var configuration = DNSConfiguration()
        configuration.searchDomains = searchDomains
        configuration.options = resolverOptions
        configuration.domain = domain
        if let mode = servers.first(where: { $0 == "host" || $0 == "none" }) {
            guard servers.count == 1 else {
                throw Failure("no other --dns options allowed when --dns=\(mode) is passed")
            }
            guard configuration.isEmpty else {
                throw Failure("Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=\(mode)")
            }
            return mode == "host" ? .host : .none
        }
        for server in servers where !isIPAddress(server) { throw Failure("Invalid IP passed to --dns: \(server)") }
        configuration.servers = servers
        return configuration.isEmpty ? .standard : .written(configuration)
    }

    private func hosts() throws(Failure) -> NameFiles.Hosts {
        if hostsEntries.contains("host") {
            guard hostsEntries.count == 1 else {
                throw Failure("cannot pass --hosts-entry=host with multiple hosts-entries")
            }
            return .host
        }
        var entries: [HostsEntry] = []
        for text in hostsEntries {
            guard let (address, name) = keyAndValue(text), isWord(name), !name.contains("=") else {
                throw Failure("Did not understand --hosts-entry \(text)")
            }
            guard isIPAddress(address) else { throw Failure("Invalid IP passed to --hosts-entry: \(address)") }
            if let place = entries.firstIndex(where: { $0.address == address }) {
                entries[place].names.append(name)
            } else {
                entries.append(HostsEntry(address: address, names: [name]))
            }
        }
        return entries.isEmpty ? .standard : .entries(entries)
    }
}
