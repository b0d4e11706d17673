package import LinuxSystem
package import OCIImage
package import SystemPackage

/// An OCI or Docker image whose parts are at hand, not converted yet.
package struct LayeredImage: Sendable {
    /// The config as it is, JSON; its digest was checked.
    package var config: [UInt8]
    /// The lowest one first.
    package var layers: [LayerBlob]
    /// Of the manifest; empty where there is none, as in archives of `docker save`.
    package var manifestDigest: String
    package var name: ConvertedName

    package init(config: [UInt8], layers: [LayerBlob], manifestDigest: String, name: ConvertedName) {
        self.config = config
        self.layers = layers
        self.manifestDigest = manifestDigest
        self.name = name
    }
}

/// What a converted image is called, and where it comes from.
package struct ConvertedName: Equatable, Sendable {
    /// `HOST[:PORT]`; `localhost` for images that come from no registry.
    package var host: String
    package var repository: String
    /// The label `version`; none for an image that was asked for by digest.
    package var tag: String?
    /// What the user wrote, as far as it says something about the image.
    package var reference: String

    package init(host: String, repository: String, tag: String?, reference: String) {
        self.host = host
        self.repository = repository
        self.tag = tag
        self.reference = reference
    }
}

/// The bytes of one layer, perhaps compressed.
package struct LayerBlob: Sendable {
    /// Where the bytes are.
    package enum Source: Sendable {
        /// A whole file of ours.
        case file(FilePath)
        /// A file below a directory that somebody else may have filled: no symlink in it leads out.
        case beneath(OpenFile, name: String)
        /// A part of a file.
        case part(of: OpenFile, Range<UInt64>)
    }

    package var source: Source
    /// Of the bytes as they are; `nil` where nobody has said, or where it was checked.
    package var digest: OCIDigest?

    package init(_ source: Source, digest: OCIDigest? = nil) {
        self.source = source
        self.digest = digest
    }

    /// Opens the bytes; needs a descriptor as long as the result lives.
    func open() throws -> OpenLayer {
        let flags: OpenFlags = [.readOnly, .nonBlocking, .noControllingTerminal]
        switch source {
        case .file(let path):
            return try OpenLayer(wholeFile: Descriptor.open(path, flags.union(.noFollow)), "\(path)")
        case .beneath(let directory, let name):
            return try OpenLayer(
                wholeFile: directory.descriptor.openBeneath(name, flags, confinement: .beneath), name)
        case .part(let file, let range): return OpenLayer(file: try file.descriptor.duplicate(), range: range)
        }
    }
}

/// An open file and the part of it that is a layer.
struct OpenLayer: ~Copyable {
    let file: Descriptor
    let range: Range<UInt64>

    init(file: consuming Descriptor, range: Range<UInt64>) {
        self.file = file
        self.range = range
    }

    fileprivate init(wholeFile file: consuming Descriptor, _ name: String) throws {
        let status = try FileStatus(of: file)
        guard status.kind == .file else { throw ConversionError.memberNotAFile(name) }
        self.init(file: file, range: 0..<status.size)
    }
}

/// A descriptor that several values share; closed with the last of them.
package final class OpenFile: Sendable {
    package let descriptor: Descriptor

    package init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
