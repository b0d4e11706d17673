extension ExposedPort {
    /// Reads the argument of `--port`: `NAME:[HOSTIP:]HOSTPORT`.
    ///
    /// IPv6 addresses cannot be given. As in rkt 1.30.0 the message about a bad port number after an address quotes the
    /// address.
    package init(parsingFlag text: String) throws(ManifestError) {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2 else { throw .badPortFlag(text, wanted: "in name:[ip:]port format") }
        let name: ACName
        do {
            name = try ACName(parts[0])
        } catch {
            throw .badPortFlag(parts[0], wanted: "a valid port name")
        }
        if parts.count == 3, !isIPAddress(parts[1]) { throw .badPortFlag(parts[1], wanted: "a valid IP") }
        guard let last = parts.last, last.utf8.allSatisfy(\.isDigit), let port = UInt16(last) else {
            throw .badPortFlag(parts[1], wanted: "a valid port number")
        }
        try self.init(name, hostPort: port, hostIP: parts.count == 3 ? parts[1] : nil)
    }
}
