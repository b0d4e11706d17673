import Glibc
package import JSON

/// A port of an app that is made reachable on the host.
package struct ExposedPort: Equatable, Sendable {
    package let name: ACName
    package let hostPort: UInt16
    /// `nil` means all addresses of the host.
    package let hostIP: String?
    /// `nil` means the port of that name that an app declares.
    package let podPort: Port?

    package init(_ name: ACName, hostPort: UInt16, hostIP: String? = nil, podPort: Port? = nil) throws(ManifestError) {
        if let hostIP, !isIPAddress(hostIP) { throw .badAddress(hostIP) }
        self.name = name
        self.hostPort = hostPort
        self.hostIP = hostIP
        self.podPort = podPort
    }
}

extension ExposedPort: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: ACName.self)
        let hostPort = try fields.required("hostPort", as: UInt16.self)
        let text = try fields.optional("hostIP", as: String.self) ?? ""
        let podPort = try fields.optional("podPort", as: Port.self)
        self = try fields.check("hostIP") {
            try ExposedPort(name, hostPort: hostPort, hostIP: text.isEmpty ? nil : text, podPort: podPort)
        }
    }

    package var json: JSONValue {
        var object: JSONObject = ["name": name.json, "hostPort": hostPort.json]
        object.set("hostIP", ifPresent: hostIP)
        object.set("podPort", ifPresent: podPort)
        return .object(object)
    }
}

/// Whether the text is an IPv4 or IPv6 address and nothing else.
package func isIPAddress(_ text: String) -> Bool {
    if text.utf8.contains(0) { return false }
    var address = in6_addr()
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
}
