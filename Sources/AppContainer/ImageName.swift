/// A name of an image with the labels it must have, such as `example.com/app:1.0,os=linux`.
///
/// Source: rkt 1.30.0, pkg/distribution/appc.go; appc spec 0.8.11, discovery.
package struct ImageName: Hashable, Sendable {
    package let name: ACIdentifier
    package let labels: Labels

    package init(_ name: ACIdentifier, _ labels: Labels = Labels()) {
        self.name = name
        self.labels = labels
    }

    /// Reads `NAME[:VERSION][,LABEL=VALUE…]`.
    package init(parsing text: String) throws {
        let colons = text.utf8.indices.filter { text.utf8[$0] == UInt8(ascii: ":") }
        let comma = text.utf8.firstIndex(of: UInt8(ascii: ","))
        if let colon = colons.first, let comma, colon > comma {
            throw ManifestError.malformedAppString("colon may appear only right after the app name")
        }
        if colons.count > 1 { throw ManifestError.malformedAppString("colon may appear at most once") }

        var query = "name="
        if let colon = colons.first {
            query += text[..<colon] + ",version=" + text[colon...].dropFirst()
        } else {
            query += text
        }
        let parts = try FlagParameters(parsing: query).parts
        name = try ACIdentifier(parts.first?.value ?? "")
        labels = try Labels(parts.dropFirst().map { try Label(ACIdentifier($0.key), $0.value) })
    }
}

extension ImageName {
    /// The same name with the labels `os` and `arch` of this machine where none are given.
    ///
    /// - Throws: ``ManifestError`` when there is no image for such a system.
    package func forThisMachine() throws(ManifestError) -> ImageName {
        var labels = labels
        if labels["os"] == nil { try labels.set(Label(ACIdentifier(constant: "os"), "linux")) }
        if labels["arch"] == nil { try labels.set(Label(ACIdentifier(constant: "arch"), Platform.hostArchitecture)) }
        try Platform.check(labels, against: Platform.known)
        return ImageName(name, labels)
    }
}

extension ImageName: CustomStringConvertible {
    /// What a user would type: the version after a colon, then `os`, `arch` and the others by name.
    package var description: String {
        let rank = { (label: Label) in ["os": 0, "arch": 1][label.name.rawValue] ?? 2 }
        let others = labels.entries.filter { $0.name.rawValue != "version" }.sorted {
            (rank($0), $0.name) < (rank($1), $1.name)
        }
        return name.rawValue + (labels["version"].map { ":\($0)" } ?? "")
            + others.map { ",\($0.name)=\($0.value)" }.joined()
    }
}
