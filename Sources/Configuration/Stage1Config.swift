import JSON
import LinuxSystem
import SystemPackage

/// Kind `stage1`: the image that starts pods when the command line does not name one.
package struct Stage1Config: Equatable, Sendable {
    /// Name and version belong together: both are given or none.
    package struct Image: Equatable, Sendable {
        package let name: String
        package let version: String

        package init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    package var image: Image?
    /// An absolute path, or a URL with the scheme file, docker, http or https.
    package var location: String?

    package init(image: Image? = nil, location: String? = nil) {
        self.image = image
        self.location = location
    }

    /// Reads `stage1.d` of all directories; image and location each come from the last directory that has them.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            let own = try Stage1Config(in: directory)
            image = own.image ?? image
            location = own.location ?? location
        }
    }

    private init(in directory: FilePath) throws {
        var image: Image?
        var location: String?
        try ConfigSubdirectory.stage1.read(in: directory) { _, fields in
            let own = try explaining("invalid stage1 configuration") { try Stage1Config(fields) }
            if own.image != nil, image != nil { throw ConfigError.stage1Repeated }
            if own.location != nil, location != nil { throw ConfigError.stage1LocationRepeated }
            image = own.image ?? image
            location = own.location ?? location
        }
        self.init(image: image, location: location)
    }

    private init(_ fields: JSONFields) throws {
        let name: String = try fields.optional("name") ?? ""
        let version: String = try fields.optional("version") ?? ""
        if name.isEmpty, !version.isEmpty { throw ConfigError.stage1WithoutName }
        if !name.isEmpty, version.isEmpty { throw ConfigError.stage1WithoutVersion }
        let location: String = try fields.optional("location") ?? ""
        try Self.check(location: location)
        self.init(
            image: name.isEmpty ? nil : Image(name: name, version: version),
            location: location.isEmpty ? nil : location)
    }

    private static func check(location: String) throws {
        if location.isEmpty || location.hasPrefix("/") { return }
        guard let colon = location.firstIndex(of: ":"), colon != location.startIndex,
            !location[..<colon].contains("/")
        else { throw ConfigError.stage1LocationRelative }
        let scheme = location[..<colon].lowercased()
        guard ["file", "docker", "http", "https"].contains(scheme) else {
            throw ConfigError.stage1LocationScheme(scheme)
        }
    }
}
